package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/state"
)

// What keeps a process from a state that it could write before may pass: a file system
// that was mounted read-only, a disk that was full. Of a state that it never could write,
// somebody has to mend something.
func TestAStateThatCouldBeWrittenBefore(t *testing.T) {
	for name, c := range map[string]struct {
		away  func(*state.Store) error
		never fault.Class
		text  string
	}{
		"read-only": {func(s *state.Store) error { return state.ReadOnly(t.Context(), s, true) }, fault.Config, "it cannot be written"},
		"full":      {func(s *state.Store) error { return state.LimitPages(t.Context(), s, 1) }, fault.Permanent, "the disk is full"},
	} {
		for _, written := range []bool{false, true} {
			s := openState(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
			want := c.never
			if written {
				want = fault.Transient
				_, err := s.Enqueue(t.Context(), state.Run{Job: "before"})
				must(t, err)
			}
			must(t, c.away(s))
			_, err := s.Enqueue(t.Context(), state.Run{Job: strings.Repeat("j", 1<<20)})
			t.Logf("%s, written before: %t", name, written)
			fails(t, err, want, c.text, "")
		}
	}
}

// However many of a process wait for a state that another program keeps locked, each is
// told in time.
func TestATurnThatDoesNotCome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, openState(t, path, state.Options{}).Close())
	synctest.Test(t, func(t *testing.T) {
		s, err := state.Open(t.Context(), path, state.Options{})
		must(t, err)
		free := state.HoldTurn(s)
		began := time.Now()
		_, err = s.Enqueue(t.Context(), state.Run{Job: "job"})
		fails(t, err, fault.Transient, "have waited for 10s", "transaction")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it waited for %s", took)
		}
		free()
		_, err = s.Enqueue(t.Context(), state.Run{Job: "job"})
		must(t, err)
		must(t, s.Close())
	})
}

// A state whose file is gone, or another one, takes nothing: it would be lost.
func TestTheFileOfAStateIsTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{})
	write := func() error {
		_, err := s.Enqueue(t.Context(), state.Run{Job: "job"})
		return err
	}
	must(t, write())
	must(t, os.Rename(path, path+".away"))
	fails(t, write(), fault.Transient, "it was removed or renamed", "Put it back")
	must(t, os.Rename(path+".away", path))
	must(t, write())
	must(t, errors.Join(os.Rename(path, path+".away"), os.Symlink(path, path)))
	fails(t, write(), fault.Transient, "find state", "read and write")
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, nil, 0o600))
	err := write()
	fails(t, err, fault.Transient, "replaced by another file", "Start this process again")
	if !errors.Is(err, state.ErrReplaced) {
		t.Error(err)
	}
}
