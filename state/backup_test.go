package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exporter/fault"
	"exporter/sources/httpapi"
	"exporter/state"
)

func openAt(t *testing.T, path string) *state.Store {
	t.Helper()
	s, err := state.Open(t.Context(), path, state.Options{Busy: time.Second})
	must(t, err)
	return s
}

// A backup of a state at work, restored on another machine, has its runs, slices
// and tokens, and the one that was there is kept.
func TestBackupAndRestore(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path, backup := filepath.Join(dir, "state.db"), filepath.Join(dir, "backup.db")
	s := openAt(t, path)
	token := httpapi.Token{Access: "access", Refresh: "refresh"}
	must(t, s.SaveToken(ctx, "key", token))
	kept, err := s.Enqueue(ctx, state.Run{Job: "kept", Trigger: state.TriggerCLI})
	must(t, err)
	lease, err := s.Acquire(ctx, "at work")
	must(t, err)
	made, err := s.Backup(ctx, backup)
	must(t, err)
	if made.Schema != state.SchemaVersion() || made.Key != backup+".key" || made.Bytes == 0 {
		t.Errorf("made %+v", made)
	}
	for _, file := range []string{backup, backup + ".key"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	later, err := s.Enqueue(ctx, state.Run{Job: "later", Trigger: state.TriggerCLI})
	must(t, err)

	_, err = state.Restore(ctx, backup, path, state.Options{})
	fails(t, err, fault.Config, "another process has it open", "Stop the serve")
	must(t, lease.Release(ctx))
	_, err = state.Restore(ctx, backup, path, state.Options{}) // still open, as by a command that looks
	fails(t, err, fault.Config, "another process has it open", "Stop the serve")
	must(t, s.Close())

	other := filepath.Join(t.TempDir(), "state.db")
	for _, to := range []string{path, other} {
		done, err := state.Restore(ctx, backup, to, state.Options{})
		must(t, err)
		if (done.Replaced != "") != (to == path) {
			t.Errorf("restored to %s: replaced %q", to, done.Replaced)
		}
		s = openAt(t, to)
		_, hasKept, err := s.Run(ctx, kept.ID)
		must(t, err)
		_, hasLater, err := s.Run(ctx, later.ID)
		must(t, err)
		got, _, err := s.LoadToken(ctx, "key")
		must(t, err)
		if !hasKept || hasLater || !got.Same(token) {
			t.Errorf("restored to %s: run before %t, run after %t, token %v", to, hasKept, hasLater, got)
		}
		must(t, s.Close())
		if done.Replaced == "" {
			continue
		}
		s = openAt(t, done.Replaced)
		_, hasLater, err = s.Run(ctx, later.ID)
		must(t, err)
		got, _, err = s.LoadToken(ctx, "key")
		must(t, err)
		if !hasLater || !got.Same(token) {
			t.Errorf("what was replaced has the later run: %t, the token: %v", hasLater, got)
		}
		must(t, s.Close())
	}
}

// Restores of one second keep what each replaced: the second does not put its own in
// the place of the first's.
func TestRestoresOfOneSecondKeepAll(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path, backup := filepath.Join(dir, "state.db"), filepath.Join(dir, "backup.db")
	now := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	var replaced []string
	for i := range 3 {
		s := openAt(t, path)
		_, err := s.Enqueue(ctx, state.Run{Job: fmt.Sprint("job", i), Trigger: state.TriggerCLI})
		must(t, err)
		if i == 0 {
			_, err = s.Backup(ctx, backup)
			must(t, err)
		}
		must(t, s.Close())
		done, err := state.Restore(ctx, backup, path, state.Options{Now: func() time.Time { return now }})
		must(t, err)
		replaced = append(replaced, done.Replaced)
	}
	for i, file := range replaced {
		s := openAt(t, file)
		runs, err := s.Runs(ctx, fmt.Sprint("job", i), 1)
		must(t, err)
		if len(runs) != 1 {
			t.Errorf("%s is not the state that restore %d replaced", file, i)
		}
		must(t, s.Close())
	}
}

func TestRestoreOverADamagedState(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path, backup := filepath.Join(dir, "state.db"), filepath.Join(dir, "backup.db")
	s := openAt(t, path)
	kept, err := s.Enqueue(ctx, state.Run{Job: "kept", Trigger: state.TriggerCLI})
	must(t, err)
	_, err = s.Backup(ctx, backup)
	must(t, err)
	must(t, s.Close())
	for name, damage := range map[string]string{"text": "not a database at all, and longer than a header", "empty": ""} {
		must(t, os.WriteFile(path, []byte(damage), 0o600))
		must(t, os.WriteFile(path+"-wal", []byte(damage), 0o600))
		done, err := state.Restore(ctx, backup, path, state.Options{Now: func() time.Time { return time.Now().Add(time.Duration(len(damage)) * time.Hour) }})
		must(t, err)
		if had, err := os.ReadFile(done.Replaced); err != nil || string(had) != damage {
			t.Errorf("%s: kept %q, %v", name, had, err)
		}
		s := openAt(t, path)
		if _, ok, err := s.Run(ctx, kept.ID); err != nil || !ok {
			t.Errorf("%s: the run is there: %t, %v", name, ok, err)
		}
		must(t, s.Close())
	}
}

func TestNoBackup(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "state.db")
	s := openAt(t, path)
	_, err := s.Backup(ctx, path)
	fails(t, err, fault.Config, "that is the state itself", "Name another file")
	if _, err := s.Backup(ctx, filepath.Join(dir, "nowhere", "b.db")); err == nil {
		t.Error("a backup into a folder that does not exist was written")
	}
	must(t, s.Close())

	text, newer, cut := filepath.Join(dir, "text"), filepath.Join(dir, "newer"), filepath.Join(dir, "cut")
	must(t, os.WriteFile(text, []byte("hello"), 0o600))
	whole := backupOf(ctx, t, path, newer)
	must(t, os.WriteFile(cut, whole[:len(whole)/2], 0o600))
	alter(t, newer, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	copied := filepath.Join(dir, "copied")
	must(t, errors.Join(os.WriteFile(copied, whole, 0o600), os.WriteFile(copied+"-wal", []byte("newest"), 0o600)))
	for file, want := range map[string]string{
		filepath.Join(dir, "none"): "there is no backup", text: "no backup of an exporter state",
		newer: "is of a newer exporter", cut: "is damaged", path: "that is the state itself", copied: "its newest writes are in " + copied + "-wal",
	} {
		_, err := state.Restore(ctx, file, path, state.Options{})
		fails(t, err, fault.Config, want, "")
	}
	if _, err := os.Stat(path + ".restoring"); !os.IsNotExist(err) {
		t.Errorf("a copy was left behind: %v", err)
	}
	must(t, openAt(t, path).Close()) // what was there is there
}

func backupOf(ctx context.Context, t *testing.T, path, to string) []byte {
	t.Helper()
	s := openAt(t, path)
	_, err := s.Backup(ctx, to)
	must(t, err)
	must(t, s.Close())
	whole, err := os.ReadFile(to)
	must(t, err)
	return whole
}
