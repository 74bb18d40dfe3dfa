package main

import (
	"os"
	"path/filepath"
	"strings"
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
