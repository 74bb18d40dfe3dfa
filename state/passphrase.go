package state

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"
)

// workFactor makes one try of a passphrase cost about 0.1 s and 32 MiB. The
// default of age would take 256 MiB, twice what a whole export may use.
const workFactor = 15

type lockedKey struct {
	recipient string
	sealed    []byte
}

// unlock opens the identities in the state that the passphrase fits, newest first.
func (k *keyring) unlock(ctx context.Context) ([]*age.X25519Identity, error) {
	if len(k.unlocked) > 0 {
		return k.unlocked, nil
	}
	list, err := query(ctx, k.store.read, func(row scanner) (l lockedKey, err error) {
		err = row.Scan(&l.recipient, &l.sealed)
		return l, err
	}, `SELECT recipient, locked FROM token_keys ORDER BY made DESC, recipient`)
	if err != nil {
		return nil, k.store.classify(ctx, err, "read the keys of tokens")
	}
	pass, err := age.NewScryptIdentity(k.given.Reveal())
	if err != nil {
		return nil, fmt.Errorf("use the key of [exporter]: %w", err)
	}
	for _, l := range list {
		text, err := decrypt(l.sealed, pass)
		if no := new(age.NoIdentityMatchError); errors.As(err, &no) {
			continue // another passphrase
		}
		if err != nil {
			return nil, fmt.Errorf("open key %s: %w", l.recipient, err)
		}
		ids, err := parseIdentities(string(text), "key "+l.recipient)
		if err != nil {
			return nil, err
		}
		k.unlocked = append(k.unlocked, ids...)
	}
	return k.unlocked, nil
}

// addLocked makes an identity and stores it locked with the passphrase.
func (k *keyring) addLocked(ctx context.Context) (*age.X25519Identity, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	pass, err := age.NewScryptRecipient(k.given.Reveal())
	if err != nil {
		return nil, fmt.Errorf("use the key of [exporter]: %w", err)
	}
	pass.SetWorkFactor(workFactor)
	sealed, err := encrypt([]byte(id.String()+"\n"), pass)
	if err != nil {
		return nil, err
	}
	_, err = k.store.exec(ctx, k.store.full, `INSERT INTO token_keys (recipient, locked, made) VALUES (?, ?, ?)`,
		id.Recipient().String(), sealed, micros(k.store.now()))
	if err != nil {
		return nil, k.store.classify(ctx, err, "store a key of tokens")
	}
	k.unlocked = append(k.unlocked, id)
	return id, nil
}
