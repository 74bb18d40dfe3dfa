package main

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// TestSecondSIGTERMEndsAServe: at once, with the code of an interruption, and the
// next process takes over.
func TestSecondSIGTERMEndsAServe(t *testing.T) {
	asked := make(chan struct{})
	_, url := newVendor(t, 10, 1, func(next http.Handler) http.Handler {
		var first sync.Once
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mine := false
			if strings.HasSuffix(r.URL.Path, "/Apiv3/json") {
				first.Do(func() { mine = true })
			}
			if !mine {
				next.ServeHTTP(w, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body) // a caller who hangs up is noticed only behind the body
			close(asked)
			<-r.Context().Done()
		})
	})
	p := newProcess(t, url, "postgres://nobody@127.0.0.1:1/none", "")
	text := strings.Replace(jobsTOML, "driver = \"postgres\"\ndsn = \"${DSN}\"\nschema = \"marketing\"", "driver = \"sqlite\"\npath = \"data.db\"", 1)
	text = strings.Replace(text, `schedule = "30 3 * * *"`, `schedule = "@every 1s"`, 1)
	if err := os.WriteFile(filepath.Join(p.dir, "jobs.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := p.command("serve", "--grace", "10m")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), "draining") {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 130 {
		t.Errorf("ended with %v, want exit code 130", err)
	}
	p.run(t, "run", "conversions")
}
