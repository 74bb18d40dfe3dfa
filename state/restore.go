package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"exporter/fault"
)

// Restored is what a restore did.
type Restored struct {
	Backup
	Replaced string // where the state before it is now; "" if there was none
}

// Restore makes the state at path the one of a backup, with the key file beside the
// backup if there is one. What was there is kept beside it under another name. It
// refuses while any other process has the state open.
//
// Whatever ends it, the state at path is the one before it or the restored one, with a
// key file that opens its tokens.
//
// What happened since the backup is not known any more: requests that count against
// a limit, tokens that were renewed, firings. What is committed the ledgers of the sinks know.
func Restore(ctx context.Context, backup, path string, o Options) (done Restored, err error) {
	s, err := newStore(path, o)
	if err != nil {
		return Restored{}, err
	}
	if err := s.whole(backup); err != nil {
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
	if done.Replaced, err = s.aside(ctx); err != nil {
		return Restored{}, err
	}
	if _, err := os.Stat(backup + ".key"); err == nil {
		done.Key = s.keys.file()
	}
	for _, step := range s.restoring(fresh, backup, done) {
		if err := step(); err != nil {
			return Restored{}, classifyFile(err, "restore", s.path)
		}
		restoreStep()
	}
	return done, nil
}

// whole refuses what is no backup by itself: the state, and a copy of one whose newest
// writes, renewed tokens among them, are in the log beside it.
func (s *Store) whole(backup string) error {
	is, err := os.Stat(backup)
	if err != nil {
		return nil //nolint:nilerr // inspect says so
	}
	if now, err := os.Stat(s.path); err == nil && os.SameFile(is, now) {
		return fault.New(fault.Config, "restore %s: that is the state itself", backup).WithHint("Name a file that \"exporter state backup\" wrote.")
	}
	if log, err := os.Stat(backup + "-wal"); err == nil && log.Size() > 0 {
		return fault.New(fault.Config, "restore %s: its newest writes are in %[1]s-wal and would be lost", backup).
			WithHint("It is a copy of a state and no backup. Put it, its -wal and its .key where the state was, under the state's name, with nothing else at work; \"exporter state backup\" makes backups of one file.")
	}
	return nil
}

// restoreStep is called after each step of a restore; tests end the process there.
var restoreStep = func() {}

// restoring lists what is done, each step durable before the next. The state is replaced
// by one of them alone.
func (s *Store) restoring(fresh, backup string, to Restored) (steps []func() error) {
	if to.Replaced != "" {
		for _, end := range []string{".key", "-wal", "-shm", ""} { // the state last: what has its name is whole
			steps = append(steps, func() error { return copyIfThere(s.path+end, to.Replaced+end) })
		}
	}
	if to.Key != "" { // which opens the tokens of both until the state is replaced
		steps = append(steps, func() error { return joinKeys(to.Key, backup+".key") })
	}
	return append(steps,
		s.removeLog,
		func() error { return errors.Join(os.Rename(fresh, s.path), syncFolder(filepath.Dir(s.path))) },
		func() error {
			if to.Key == "" {
				return nil
			}
			return copyFile(backup+".key", to.Key)
		})
}

func inUse(path string, err error) error {
	if err == nil {
		err = errors.New("it is locked")
	}
	return fault.New(fault.Config, "restore %s: another process has it open: %w", path, err).
		WithHint("Stop the serve and every other exporter command on this state, then try again.")
}

// aside returns the name under which the state is kept that a restore replaces, "" if
// there is none, and brings what is in its log into it. A state that is damaged is kept
// with its log.
func (s *Store) aside(ctx context.Context) (string, error) {
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
	return aside, nil
}

// joinKeys puts the keys of another file before those of a key file.
func joinKeys(path, other string) error {
	first, err := os.ReadFile(other)
	if err != nil {
		return err
	}
	then, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replaceFile(path, bytes.NewReader(slices.Concat(first, []byte("\n"), then)))
}

// removeLog leaves nothing of a log that SQLite would take for the restored state's.
func (s *Store) removeLog() error {
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(s.path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncFolder(filepath.Dir(s.path))
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
