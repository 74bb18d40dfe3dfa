package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"exporter/sources/httpapi"
	"exporter/state"
)

// What a process that restores is told.
const (
	backupVar = "STATE_TEST_BACKUP"
	stepVar   = "STATE_TEST_STEP" // after which it kills itself
)

func restoreAndDie(ctx context.Context) string {
	last, err := strconv.Atoi(os.Getenv(stepVar))
	if err != nil {
		return err.Error()
	}
	step := 0
	state.AfterRestoreStep(func() {
		if step++; step == last {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	_, err = state.Restore(ctx, os.Getenv(backupVar), os.Getenv(pathVar), state.Options{})
	return outcome(err)
}

// A restore that is killed after any of its steps leaves the state before it or the
// restored one, whole and with the key of its tokens, never an empty one; and the same
// restore does the rest.
func TestARestoreThatIsKilled(t *testing.T) {
	ctx := t.Context()
	make := func(path, job string) string {
		s := openAt(t, path)
		must(t, s.SaveToken(ctx, "key", httpapi.Token{Access: "of", Refresh: "it"}))
		r, err := s.Enqueue(ctx, state.Run{Job: job, Trigger: state.TriggerCLI})
		must(t, err)
		defer func() { must(t, s.Close()) }()
		if job == "restored" {
			_, err := s.Backup(ctx, path+".backup")
			must(t, err)
		}
		return r.ID
	}
	has := func(path, run string) bool {
		t.Helper()
		s := openAt(t, path)
		defer func() { must(t, s.Close()) }()
		_, ok, err := s.Run(ctx, run)
		must(t, err)
		if _, known, err := s.LoadToken(ctx, "key"); ok && (!known || err != nil) {
			t.Errorf("%s: its token: %t, %v", path, known, err)
		}
		return ok
	}
	other := filepath.Join(t.TempDir(), "other.db") // of another machine, with a key of its own
	restored := make(other, "restored")
	first := filepath.Join(t.TempDir(), "first.db")
	before := make(first, "before")
	befores, afters, done := 0, 0, false
	for step := 1; !done; step++ {
		path := filepath.Join(t.TempDir(), "state.db")
		must(t, errors.Join(copyFile(path, first), copyFile(path+".key", first+".key")))
		child := exec.CommandContext(ctx, os.Args[0])
		child.Env = append(os.Environ(), roleVar+"=restore", pathVar+"="+path, backupVar+"="+other+".backup", fmt.Sprint(stepVar, "=", step))
		out, err := child.Output()
		if done = err == nil; done && strings.TrimSpace(string(out)) != "ok" {
			t.Fatalf("restore: %s", out)
		}
		switch old, now := has(path, before), has(path, restored); {
		case old == now:
			t.Fatalf("killed after step %d: the state before is there: %t, the restored one: %t", step, old, now)
		case old:
			befores++
		default:
			afters++
		}
		_, err = state.Restore(ctx, other+".backup", path, state.Options{})
		must(t, err)
		kept := false
		names, err := filepath.Glob(path + ".replaced-*Z*")
		must(t, err)
		for _, name := range names {
			if !strings.HasSuffix(name, ".key") && !strings.HasSuffix(name, ".lock") {
				kept = has(name, before) || kept
			}
		}
		if !has(path, restored) || !kept {
			t.Errorf("killed after step %d and restored again: it is there: %t, the one before is kept: %t", step, has(path, restored), kept)
		}
	}
	if befores < 3 || afters < 2 {
		t.Errorf("%d kills left the state before, %d the restored one", befores, afters)
	}
}
