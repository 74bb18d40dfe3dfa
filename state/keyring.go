package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"filippo.io/age"

	"exporter/fault"
	"exporter/settings"
)

// keyring encrypts what must not be readable in the file. The identities come
// from the setting, from the key file, or from the state itself, where they are
// locked with a passphrase (so that the slow passphrase function runs once per
// process, not once per token).
type keyring struct {
	store *Store
	given settings.Secret

	mu       sync.Mutex
	unlocked []*age.X25519Identity // with a passphrase: those it has opened
}

const keyTokens = "Put the old key back, or log in again: exporter auth login SOURCE."

// seal encrypts for the first identity, making one if there is none.
func (k *keyring) seal(ctx context.Context, plain []byte) (recipient string, sealed []byte, err error) {
	id, err := k.first(ctx)
	if err != nil {
		return "", nil, err
	}
	sealed, err = encrypt(plain, id.Recipient())
	return id.Recipient().String(), sealed, err
}

// unseal decrypts what was encrypted for recipient.
func (k *keyring) unseal(ctx context.Context, recipient string, sealed []byte) ([]byte, error) {
	ids, err := k.identities(ctx, recipient)
	if err != nil {
		return nil, err
	}
	if id := find(ids, recipient); id != nil {
		return decrypt(sealed, id)
	}
	if len(ids) == 0 && k.given == "" {
		return nil, fault.New(fault.Auth, "stored tokens are encrypted and the key file %s is missing", k.file()).
			WithHint(keyTokens)
	}
	return nil, fault.New(fault.Auth, "stored tokens are encrypted with another key than %s", k.source()).
		WithHint(keyTokens)
}

func find(ids []*age.X25519Identity, recipient string) *age.X25519Identity {
	for _, id := range ids {
		if id.Recipient().String() == recipient {
			return id
		}
	}
	return nil
}

// source names where the key is taken from.
func (k *keyring) source() string {
	if k.given != "" {
		return "the key of [exporter]"
	}
	return "the one in " + k.file()
}

// first returns the identity that encrypts.
func (k *keyring) first(ctx context.Context) (*age.X25519Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ids, err := k.load(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(ids) > 0:
		return ids[0], nil
	case k.given != "":
		return k.addLocked(ctx)
	default:
		return k.makeFile(ctx)
	}
}

// identities returns what there is, none without a key file. If recipient is not
// among the identities at hand it looks again: another process may have added it.
func (k *keyring) identities(ctx context.Context, recipient string) ([]*age.X25519Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if find(k.unlocked, recipient) == nil {
		k.unlocked = nil
	}
	return k.load(ctx)
}

func (k *keyring) load(ctx context.Context) ([]*age.X25519Identity, error) {
	switch {
	case k.given == "":
		return k.readFile(ctx)
	case strings.Contains(k.given.Reveal(), "AGE-SECRET-KEY-"):
		return parseIdentities(k.given.Reveal(), "the key of [exporter]")
	default:
		return k.unlock(ctx)
	}
}

// parseIdentities never shows the text in an error.
func parseIdentities(text, where string) ([]*age.X25519Identity, error) {
	list, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, badKey(where)
	}
	ids := make([]*age.X25519Identity, 0, len(list))
	for _, id := range list {
		x, ok := id.(*age.X25519Identity)
		if !ok {
			return nil, badKey(where)
		}
		ids = append(ids, x)
	}
	return ids, nil
}

func badKey(where string) error {
	return fault.New(fault.Config, "%s is not an age identity", where).
		WithHint("It must hold lines like AGE-SECRET-KEY-1…, as age-keygen writes them. " + keyTokens)
}

func encrypt(plain []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, errors.Join(fmt.Errorf("encrypt: %w", err), w.Close())
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return out.Bytes(), nil
}

func decrypt(sealed []byte, id age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	return plain, nil
}
