package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"exporter/fault"
)

// TestRootBesideAnotherUsersState: root is told to be that user; nobody else is asked, nor
// is root where there is no state yet or it is root's own.
func TestRootBesideAnotherUsersState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := notAsRoot(0, path); err != nil {
		t.Errorf("no state: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := notAsRoot(0, path); err != nil {
			t.Errorf("a state of root: %v", err)
		}
		if err := os.Chown(path, 54321, 54321); err != nil {
			t.Fatal(err)
		}
	}
	err := notAsRoot(0, path)
	if fault.ClassOf(err) != fault.Config || !strings.Contains(fault.HintOf(err), "sudo -u ") {
		t.Errorf("a state of another user: %v, hint %q", err, fault.HintOf(err))
	}
	if err := notAsRoot(1000, path); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}

// A restore that root makes would give the state of a service to root.
func TestRootDoesNotRestoreAnotherUsersState(t *testing.T) {
	dir := t.TempDir()
	cfg, at, backup := filepath.Join(dir, "jobs.toml"), filepath.Join(dir, "state.db"), filepath.Join(dir, "backup.db")
	text := `
exporter = { state = "sqlite:state.db" }
sources.tune = { driver = "hasoffers", api = "network", network_id = "acme", network_token = "x", timezone = "UTC" }
sinks.local = { driver = "sqlite", path = "data.db" }
jobs.conversions = { source = "tune", stream = "conversions", sinks = ["local"], schedule = "@daily" }
`
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (int, string) {
		m, _, problems := invocation(append(args, "--config", cfg)...)
		return m.Run(t.Context()), problems.String()
	}
	if code, said := call("state", "backup", backup); code != 0 {
		t.Fatalf("backup: %d, %s", code, said)
	}
	if code, said := call("state", "restore", backup); code != 0 {
		t.Fatalf("restore of one's own: %d, %s", code, said)
	}
	if os.Geteuid() != 0 {
		return // nobody else could write there
	}
	if err := os.Chown(at, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	code, said := call("state", "restore", backup)
	info, err := os.Stat(at)
	if err != nil {
		t.Fatal(err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || code != 2 || st.Uid != 54321 || !strings.Contains(said, "sudo -u ") {
		t.Errorf("restore: %d, %s; the state is now %+v", code, said, info.Sys())
	}
}
