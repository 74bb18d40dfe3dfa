package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"exporter/fault"
)

const (
	mayWrite = 2 // W_OK of access(2)
	mayEnter = 1 // X_OK
)

// prepareFile checks the folder and makes an empty state file of mode 0600 where
// there is none: SQLite gives its side files the mode of the main one.
//
// An existing file is never opened here: closing any descriptor of a database
// drops the locks that SQLite holds on it in this process.
func (s *Store) prepareFile(ctx context.Context) error {
	if err := s.checkFolder(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		if err := f.Close(); err != nil {
			return fmt.Errorf("create state %s: %w", s.path, err)
		}
		return nil
	case !errors.Is(err, fs.ErrExist):
		return classifyFile(err, "create state", s.path)
	}
	return s.checkFile(ctx)
}

func (s *Store) checkFolder(ctx context.Context) error {
	dir := filepath.Dir(s.path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Config, "open state %s: folder %s does not exist", s.path, dir).
			WithHint("Create it (mkdir -p %s), or correct state in [exporter].", dir)
	case err != nil:
		return classifyFile(err, "open state", s.path)
	case !info.IsDir():
		return fault.New(fault.Config, "open state %s: %s is not a folder", s.path, dir).
			WithHint("Correct state in [exporter].")
	}
	// SQLite keeps its log beside the file, so a writable file alone is not enough.
	if err := syscall.Access(dir, mayWrite|mayEnter); err != nil {
		return classifyFile(&fs.PathError{Op: "write to", Path: dir, Err: err}, "open state", s.path)
	}
	if mode := info.Mode(); mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0 {
		s.log.WarnContext(ctx, "everybody may write to the folder of the state: any user of this machine can replace it",
			"path", dir, "mode", mode.Perm().String())
	}
	return nil
}

func (s *Store) checkFile(ctx context.Context) error {
	info, err := os.Stat(s.path)
	if err != nil {
		return classifyFile(err, "open state", s.path)
	}
	if info.IsDir() {
		return fault.New(fault.Config, "open state %s: it is a folder", s.path).
			WithHint("Name a file: state = \"sqlite:%s\".", filepath.Join(s.path, "exporter-state.db"))
	}
	if err := syscall.Access(s.path, mayWrite); err != nil {
		return classifyFile(&fs.PathError{Op: "write to", Path: s.path, Err: err}, "open state", s.path)
	}
	s.warnMode(ctx, s.path, info)
	return nil
}

// ErrReplaced means that the file of the state is another one than was opened.
var ErrReplaced = errors.New("it was replaced by another file while it was open")

// there fails unless the file that is open is the one at its path. What is written to one
// that was removed or replaced is lost with this process, and another would take the state
// for free.
func (s *Store) there() error {
	if s.opened == nil { // it is being opened
		return nil
	}
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Transient, "state %s: it was removed or renamed while it was open", s.path).
			WithHint("Put it back, with %[1]s-wal. If it is lost, end this process and start it again: a new state is filled in from the sinks, tokens need \"exporter auth login\".", s.path)
	case err != nil: // its folder may be entered again
		return fault.New(fault.Transient, "find state %s: %w", s.path, err).WithHint("Let user %d read and write %s and its folder.", os.Geteuid(), s.path)
	case !os.SameFile(info, s.opened):
		return fault.New(fault.Transient, "state %s: %w", s.path, ErrReplaced).
			WithHint("Start this process again: it goes on with the file that is there now. \"exporter state restore\" refuses while the state is in use.")
	}
	return nil
}

// warnMode does not change the mode: in a container the platform may have set it.
func (s *Store) warnMode(ctx context.Context, path string, info fs.FileInfo) {
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		s.log.WarnContext(ctx, "every user of this machine can open a private file: whoever has the state and its key has the tokens",
			"path", path, "mode", mode.String())
	}
}
