package sqlite

import (
	"errors"
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

func (s *sink) dir() string { return filepath.Dir(s.path) }

// missing reports whether there is no file, and has connections to a file that
// was removed or replaced given up.
func (s *sink) missing() (bool, error) {
	info, err := os.Stat(s.path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.seen == nil || !os.SameFile(info, s.seen) {
		s.db.SetMaxIdleConns(0)
		s.db.SetMaxIdleConns(idle)
	}
	if errors.Is(err, fs.ErrNotExist) {
		s.seen = nil
		return true, nil
	}
	if err != nil {
		return false, s.fileError(err, "look for")
	}
	s.seen = info
	if info.IsDir() {
		return false, fault.New(fault.Config, "%s is a folder", s.path).
			WithHint("Name a file in path of the sink: path = %q.", filepath.Join(s.path, "exporter-data.db"))
	}
	return false, nil
}

// create makes an empty file where there is none. A file that is there is never
// opened here: closing any descriptor of a database drops the locks that SQLite
// holds on it in this process.
func (s *sink) create() error {
	if missing, err := s.missing(); err != nil || !missing {
		return err
	}
	if err := s.checkFolder(); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return s.fileError(err, "create")
	}
	if err := f.Close(); err != nil {
		return s.fileError(err, "create")
	}
	return nil
}

// checkFolder: SQLite keeps its log beside the file, so the folder must be writable.
func (s *sink) checkFolder() error {
	info, err := os.Stat(s.dir())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Config, "create %s: folder %s does not exist", s.path, s.dir()).
			WithHint("Create it (mkdir -p %s), or correct path of the sink.", s.dir())
	case err != nil:
		return s.fileError(err, "create")
	case !info.IsDir():
		return fault.New(fault.Config, "create %s: %s is not a folder", s.path, s.dir()).
			WithHint("Correct path of the sink.")
	}
	if err := syscall.Access(s.dir(), mayWrite|mayEnter); err != nil {
		return s.fileError(&fs.PathError{Op: "write to", Path: s.dir(), Err: err}, "create")
	}
	return nil
}
