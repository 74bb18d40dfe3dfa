package spool

import (
	"errors"
	"os"
	"path/filepath"

	"exporter/fault"
)

const ownerName = "owner"

// own makes this process the owner of the spool: a new file lies in the place of the
// one before.
func (s *Spool) own() error {
	f, err := os.CreateTemp(s.dir, ownerName+"-*")
	if err != nil {
		return s.fail("take over", err)
	}
	// It stays open, so that no file of another owner can be taken for it.
	s.owner = f
	if s.mine, err = f.Stat(); err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, ownerName))
	}
	if err != nil {
		return s.fail("take over", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// owned fails if another process has opened the spool since. A process that was
// paused while another took its slice over keeps its hands off.
func (s *Spool) owned() error {
	there, err := os.Stat(filepath.Join(s.dir, ownerName))
	if err != nil {
		return s.fail("read", err)
	}
	if !os.SameFile(there, s.mine) {
		return fault.New(fault.Interrupted, "spool %s was taken over by another executor", s.dir)
	}
	return nil
}
