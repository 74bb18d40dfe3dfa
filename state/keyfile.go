package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
)

func (k *keyring) file() string { return k.store.path + ".key" }

// readFile reads the key file anew each time: tokens change about once an hour,
// and a key put back works without a restart.
func (k *keyring) readFile(ctx context.Context) ([]*age.X25519Identity, error) {
	text, err := os.ReadFile(k.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, classifyFile(err, "read key file", k.file())
	}
	if info, err := os.Stat(k.file()); err == nil {
		k.store.warnMode(ctx, k.file(), info)
	}
	return parseIdentities(string(text), "the key file "+k.file())
}

// makeFile makes the key file, durable before anything is encrypted with it. If
// two processes do so at once the first one's key counts for both.
func (k *keyring) makeFile(ctx context.Context) (*age.X25519Identity, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	text := "# Encrypts the tokens stored in " + filepath.Base(k.store.path) + ". Keep it with every backup of that file.\n" +
		"# public key: " + id.Recipient().String() + "\n" + id.String() + "\n"
	if err := writeNew(k.file(), text); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, classifyFile(err, "make key file", k.file())
	}
	ids, err := k.readFile(ctx)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("key file %s was removed just now", k.file())
	}
	k.store.log.InfoContext(ctx, "made a key file for stored tokens: back it up together with the state", "path", k.file())
	return ids[0], nil
}

// writeNew makes path with mode 0600 and the whole text, or fails with
// fs.ErrExist and leaves what is there.
func writeNew(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
