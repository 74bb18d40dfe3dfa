package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"exporter/fault"
)

// Backup is what was written or found where a backup is.
type Backup struct {
	Path   string
	Schema int64 // version of its schema
	Bytes  int64
	Key    string // path of the key file that came with it; "" if there is none
}

// Backup writes a copy of the state as it is now to path, and its key file, if it
// has one, to path.key; both with mode 0600. Processes at work are not held up. What is
// at path is replaced, whole or not at all.
func (s *Store) Backup(ctx context.Context, path string) (Backup, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Backup{}, fmt.Errorf("back up to %s: %w", path, err)
	}
	if path == s.path {
		return Backup{}, fault.New(fault.Config, "back up to %s: that is the state itself", path).WithHint("Name another file.")
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".exporter-backup-*") // mode 0700; VACUUM INTO makes its file itself
	if err != nil {
		return Backup{}, classifyFile(err, "back up to", path)
	}
	made, err := s.backupIn(ctx, dir, path)
	return made, errors.Join(err, os.RemoveAll(dir))
}

func (s *Store) backupIn(ctx context.Context, dir, path string) (Backup, error) {
	made := filepath.Join(dir, "state.db")
	if err := s.vacuumInto(ctx, made); err != nil {
		return Backup{}, s.classify(ctx, err, "back up to %s", path)
	}
	b, err := inspect(ctx, made)
	if err != nil {
		return Backup{}, err
	}
	b.Path = path
	// The key first: a state without its key is worth less than a key too many.
	if b.Key, err = s.keys.copyTo(path + ".key"); err != nil {
		return Backup{}, err
	}
	if err := errors.Join(os.Chmod(made, 0o600), syncFile(made)); err != nil {
		return Backup{}, classifyFile(err, "back up to", path)
	}
	if err := errors.Join(os.Rename(made, path), syncFolder(filepath.Dir(path))); err != nil {
		return Backup{}, classifyFile(err, "back up to", path)
	}
	return b, nil
}

// vacuumInto writes one consistent copy. In other processes it waits for nobody and
// nobody waits for it.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	_, err := s.full.ExecContext(ctx, `VACUUM INTO ?`, path)
	return err
}

// copyTo copies the key file durably; it returns "" if there is none.
func (k *keyring) copyTo(path string) (string, error) {
	if _, err := os.Stat(k.file()); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err := copyFile(k.file(), path); err != nil {
		return "", classifyFile(err, "copy key file to", path)
	}
	return path, nil
}

// inspect reports what a backup is, or why it is none that can be restored.
func inspect(ctx context.Context, path string) (b Backup, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return b, fault.New(fault.Config, "there is no backup %s", path).WithHint("Name a file that \"exporter state backup\" wrote.")
	}
	if err != nil {
		return b, classifyFile(err, "read backup", path)
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{"mode": {"ro"}}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return b, fmt.Errorf("read backup %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var id int64
	var sound string
	if err := db.QueryRowContext(ctx, `SELECT application_id FROM pragma_application_id`).Scan(&id); err != nil {
		return b, fault.New(fault.Config, "%s is damaged, or no backup of an exporter state: %w", path, err).WithHint("Name a file that \"exporter state backup\" wrote.")
	}
	if id != applicationID {
		return b, fault.New(fault.Config, "%s is no backup of an exporter state", path).WithHint("Name a file that \"exporter state backup\" wrote.")
	}
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&sound); err != nil || sound != "ok" {
		return b, fault.New(fault.Config, "backup %s is damaged: %s", path, errors.Join(err, errors.New(sound))).WithHint("Take another one.")
	}
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&b.Schema); err != nil {
		return b, fmt.Errorf("read the schema of backup %s: %w", path, err)
	}
	if b.Schema > SchemaVersion() {
		return b, fault.New(fault.Config, "backup %s is of a newer exporter (schema %d, this one knows %d)", path, b.Schema, SchemaVersion()).
			WithHint("Restore it with the newer exporter.")
	}
	b.Path, b.Bytes = path, info.Size()
	return b, nil
}

// copyIfThere copies a file like copyFile, if there is one.
func copyIfThere(from, to string) error {
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return copyFile(from, to)
}

// copyFile copies a file durably, mode 0600, whole or not at all.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return replaceFile(to, in)
}

// replaceFile makes a file durably, mode 0600, whole or not at all.
func replaceFile(path string, text io.Reader) error {
	out, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = io.Copy(out, text)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
