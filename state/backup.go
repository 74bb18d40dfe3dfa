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

// Restored is what a restore did.
type Restored struct {
	Backup
	Replaced string // where the state before it is now; "" if there was none
}

// Restore makes the state at path the one of a backup, with the key file beside the
// backup if there is one. What was there is kept beside it under another name. It
// refuses while any other process has the state open.
//
// What happened since the backup is not known any more: requests that count against
// a limit, tokens that were renewed, firings. What is committed the ledgers of the sinks know.
func Restore(ctx context.Context, backup, path string, o Options) (done Restored, err error) {
	s, err := newStore(path, o)
	if err != nil {
		return Restored{}, err
	}
	if done.Backup, err = inspect(ctx, backup); err != nil {
		return Restored{}, err
	}
	if err := s.checkFolder(ctx); err != nil {
		return Restored{}, err
	}
	fresh := s.path + ".restoring"
	if err := copyFile(backup, fresh); err != nil {
		return Restored{}, classifyFile(err, "copy the backup to", fresh)
	}
	defer func() {
		if rerr := os.Remove(fresh); !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	lock, err := tryLock(s.lockPath())
	if err != nil {
		return Restored{}, err
	}
	if lock == nil {
		return Restored{}, inUse(s.path, nil)
	}
	defer func() { err = errors.Join(err, lock.close()) }()
	if done.Replaced, err = s.moveAside(ctx); err != nil {
		return Restored{}, err
	}
	if _, err := os.Stat(backup + ".key"); err == nil {
		done.Key = s.keys.file()
		if err := copyFile(backup+".key", done.Key); err != nil {
			return Restored{}, classifyFile(err, "copy the key to", done.Key)
		}
	}
	if err := errors.Join(os.Rename(fresh, s.path), syncFolder(filepath.Dir(s.path))); err != nil {
		return Restored{}, classifyFile(err, "restore", s.path)
	}
	return done, nil
}

func inUse(path string, err error) error {
	if err == nil {
		err = errors.New("it is locked")
	}
	return fault.New(fault.Config, "restore %s: another process has it open: %w", path, err).
		WithHint("Stop the serve and every other exporter command on this state, then try again.")
}

// moveAside gives the state and its key names of their own, with nothing of it left
// in a log that SQLite would take for the restored state's. A state that is damaged goes
// with its log.
func (s *Store) moveAside(ctx context.Context) (string, error) {
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", classifyFile(err, "restore", s.path)
	}
	if err := s.settleLog(ctx); err != nil {
		return "", err
	}
	at := s.path + ".replaced-" + s.now().UTC().Format("20060102T150405Z")
	aside := at
	for n := 2; taken(aside); n++ { // by another restore of this second, or one before the clock was set back
		aside = fmt.Sprintf("%s-%d", at, n)
	}
	for _, end := range []string{"-wal", "-shm", ".key", ""} { // the state last: while it is there, it is the one
		err := os.Rename(s.path+end, aside+end)
		if end == ".key" && err == nil { // which counts on unless the backup brings one
			err = copyFile(aside+end, s.path+end)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", classifyFile(err, "move aside", s.path+end)
		}
	}
	return aside, nil
}

// taken reports whether a state, or what belongs to one, has the name.
func taken(path string) bool {
	for _, end := range []string{"", "-wal", "-shm", ".key"} {
		if _, err := os.Lstat(path + end); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// settleLog brings what is in the log into the file, which needs the file alone.
func (s *Store) settleLog(ctx context.Context) (err error) {
	db, err := s.connect(1, "busy_timeout(1000)") // whoever has it open has it for longer
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var mode string
	err = db.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode)
	switch class := fault.ClassOf(s.classify(ctx, err, "restore")); {
	case err == nil && mode == "delete":
		return nil
	case err == nil, class == fault.Transient:
		return inUse(s.path, err)
	default: // damaged, or no state at all
		return nil
	}
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

// copyFile copies a file durably, mode 0600, whole or not at all.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return syncFolder(filepath.Dir(to))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
