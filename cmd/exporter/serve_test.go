package main

import (
	"bufio"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSIGTERMDrainsAServe: as a service manager stops it.
func TestSIGTERMDrainsAServe(t *testing.T) {
	_, url := newVendor(t, 10, 1, func(h http.Handler) http.Handler { return h })
	p := newProcess(t, url, "postgres://nobody@127.0.0.1:1/none", "")
	text := strings.Replace(jobsTOML, "driver = \"postgres\"\ndsn = \"${DSN}\"\nschema = \"marketing\"", "driver = \"sqlite\"\npath = \"data.db\"", 1)
	text = strings.Replace(text, `schedule = "30 3 * * *"`, `schedule = "@every 1s"`, 1)
	if err := os.WriteFile(filepath.Join(p.dir, "jobs.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := p.command("serve", "--log-format", "json")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var last string
	asked := false
	for lines := bufio.NewScanner(log); lines.Scan(); {
		last = lines.Text()
		if !asked && strings.Contains(last, `"msg":"run ended"`) {
			asked = true
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(last, `"msg":"drained"`) {
		t.Errorf("ended with %v, last line %s", err, last)
	}
}
