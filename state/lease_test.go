package state_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"exporter/fault"
	"exporter/state"
)

func isHeld(err error) bool {
	e := new(state.HeldError)
	return errors.As(err, &e)
}

func TestOneOfManyProcessesHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db") // missing: they also make it at the same time
	const processes = 6
	lines := make(chan string, processes)
	for range processes {
		c := start(t, "hold", path, time.Hour)
		go func() {
			c.out.Scan()
			lines <- c.out.Text()
		}()
	}
	got := map[string]int{}
	for range processes {
		got[<-lines]++
	}
	if got["held 1"] != 1 || got["refused"] != processes-1 {
		t.Fatalf("processes printed %v, want one \"held 1\" and %d \"refused\"", got, processes-1)
	}
}

func TestHeldErrorNamesTheHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	c := start(t, "hold", path, time.Hour)
	c.expect("held 1")
	s := openState(t, path, state.Options{})
	_, err := s.Acquire(t.Context(), "me")
	e := new(state.HeldError)
	if !errors.As(err, &e) || e.PID != c.cmd.Process.Pid || e.Holder == "" || !e.Until.After(e.Since) {
		t.Fatalf("got %v (%+v), want a HeldError of pid %d", err, e, c.cmd.Process.Pid)
	}
	if fault.ClassOf(err) != fault.Transient || fault.HintOf(err) == "" {
		t.Errorf("class %q, hint %q; want transient and a hint", fault.ClassOf(err), fault.HintOf(err))
	}
	must(t, c.stdin.Close())
	c.expect("ok")
	if l := acquire(t, s); l.Epoch() != 2 {
		t.Errorf("epoch %d after a release, want 2", l.Epoch())
	}
}

func TestKilledHolderIsReplacedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	c := start(t, "hold", path, time.Hour) // expiry cannot be the reason
	c.expect("held 1")
	s := openState(t, path, state.Options{})
	c.kill()
	if l := acquire(t, s); l.Epoch() != 2 {
		t.Errorf("epoch %d, want 2", l.Epoch())
	}
}

func TestPausedHolderIsReplacedAndNotices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	paused := start(t, "hold", path, 300*time.Millisecond)
	paused.expect("held 1")
	paused.signal(syscall.SIGSTOP)

	s := openState(t, path, state.Options{})
	var l *state.Lease
	eventually(t, "takeover from a paused process", func() bool {
		var err error
		if l, err = s.Acquire(t.Context(), "successor"); err != nil && !isHeld(err) {
			t.Fatal(err)
		}
		return err == nil
	})
	if l.Epoch() != 2 {
		t.Errorf("epoch %d, want 2", l.Epoch())
	}
	paused.signal(syscall.SIGCONT)
	paused.expect("lost, check: true, next: true, release: ok")
	must(t, l.Check(t.Context()))
	must(t, l.Release(t.Context()))
}

// The successor of a paused process has no OS lock. If the paused one then dies,
// the lock is free although the successor lives.
func TestFreeLockOfThePausedIsNoProofAgainstTheSuccessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	paused := start(t, "hold", path, 300*time.Millisecond)
	paused.expect("held 1")
	paused.signal(syscall.SIGSTOP)
	eventually(t, "takeover from a paused process", func() bool {
		return start(t, "hold", path, time.Hour).line() == "held 2"
	})
	paused.kill()
	s := openState(t, path, state.Options{})
	if l, err := s.Acquire(t.Context(), "third"); !isHeld(err) {
		t.Fatalf("got lease %v, error %v; want a HeldError", l, err)
	}
}

// Somebody tidied the lock file away: the new file's lock says nothing of the holder.
func TestDeletedLockFileDoesNotFreeTheLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	a, b := openState(t, path, state.Options{}), openState(t, path, state.Options{})
	l := acquire(t, a)
	must(t, os.Remove(path+".lock"))
	if _, err := b.Acquire(t.Context(), "other"); !isHeld(err) {
		t.Fatalf("got %v, want a HeldError", err)
	}
	must(t, l.Check(t.Context()))
}

// A state deleted under its executor comes back empty, but the executor lives.
func TestDeletedStateDoesNotFreeTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	start(t, "hold", path, time.Hour).expect("held 1")
	for _, side := range []string{"", "-wal", "-shm"} {
		must(t, os.Remove(path+side))
	}
	_, err := state.Open(t.Context(), path, state.Options{Busy: 50 * time.Millisecond})
	if fault.ClassOf(err) != fault.Transient {
		t.Fatalf("got %v, want a transient error", err)
	}
}

func TestLeaseThatCannotBeRenewedIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{Expiry: 150 * time.Millisecond, Busy: 20 * time.Millisecond})
	l := acquire(t, s)
	unlock := lockDatabase(t, path)
	<-l.Lost()
	unlock()
	if next := acquire(t, s); next.Epoch() != 2 {
		t.Errorf("epoch %d, want 2", next.Epoch())
	}
	if err := l.Check(t.Context()); !errors.Is(err, state.ErrLost) || fault.ClassOf(err) != fault.Interrupted {
		t.Errorf("check: %v, want ErrLost of class interrupted", err)
	}
}

func TestRenewedLeaseStays(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{Now: clock, Expiry: 30 * time.Millisecond})
	l := acquire(t, s)
	for range 3 { // a renewal sees the new time, or the lease would be taken
		mu.Lock()
		now = now.Add(20 * time.Millisecond)
		want := now.Add(30 * time.Millisecond)
		mu.Unlock()
		eventually(t, "renewal", func() bool {
			_, err := s.Acquire(t.Context(), "other")
			e := new(state.HeldError)
			return errors.As(err, &e) && e.Until.Equal(want)
		})
	}
	must(t, l.Check(t.Context()))
	must(t, l.Release(t.Context()))
	must(t, l.Release(t.Context()))
	if err := l.Check(t.Context()); !errors.Is(err, state.ErrLost) {
		t.Errorf("check after release: %v, want ErrLost", err)
	}
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := s.Acquire(ctx, "me"); !errors.Is(err, cause) {
		t.Fatalf("got %v, want %v", err, cause)
	}
}
