package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/hasoffers"
)

// process is the exporter as a process of its own, with a configuration.
type process struct {
	path, dir string
	env       []string
}

// newProcess puts the program into a folder, with the configuration of the scripts
// for the vendor and the database.
func newProcess(t testing.TB, vendor, dsn, options string) process {
	t.Helper()
	p := newProgram(t, strings.Replace(jobsTOML, `options = { page_size = 10, fields = ["id", "tune_event_id", "datetime", "status", "payout", "revenue"] }`, options, 1),
		"SANDBOX="+vendor, "DSN="+dsn)
	for name, value := range secrets {
		p.env = append(p.env, name+"="+value)
	}
	return p
}

// newProgram puts the program and a configuration into a folder.
func newProgram(t testing.TB, config string, env ...string) process {
	t.Helper()
	p := process{dir: t.TempDir()}
	p.path = filepath.Join(p.dir, "exporter")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, p.path) // under this name the test binary is the program
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "jobs.toml"), []byte(config), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.env = append(append(os.Environ(), "OUTPUTS="+os.DevNull), env...)
	return p
}

func (p process) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}

// run runs the program to its end, and returns the time of processors it took.
func (p process) run(t testing.TB, args ...string) time.Duration {
	t.Helper()
	cmd := p.command(args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("exporter %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// newVendor serves a vendor whose last closed day has so many rows.
func newVendor(t testing.TB, rows, days int, serve func(http.Handler) http.Handler) (*sandbox.Sandbox, string) {
	t.Helper()
	return newVendorOf(t, hasoffers.Network{RowsPerDay: rows, Days: days, Now: today.Format(time.RFC3339), FirstDay: today.AddDate(0, 0, -days).Format(time.DateOnly)}, serve)
}

// newVendorOf serves a vendor with such a network.
func newVendorOf(t testing.TB, n hasoffers.Network, serve func(http.Handler) http.Handler) (*sandbox.Sandbox, string) {
	t.Helper()
	n.Token = secrets["NETWORK_TOKEN"]
	return serveVendor(t, sandbox.Config{Seed: 7, HasOffers: hasoffers.Config{
		Integrators: []hasoffers.Integrator{{ClientSecret: secrets["CLIENT_SECRET"]}},
		Networks:    []hasoffers.Network{n},
		Answers:     hasoffers.Answers{Gzip: hasoffers.GzipOff},
	}}, serve)
}

func serveVendor(t testing.TB, cfg sandbox.Config, serve func(http.Handler) http.Handler) (*sandbox.Sandbox, string) {
	t.Helper()
	vendor, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(serve(vendor.Handler()))
	t.Cleanup(server.Close)
	return vendor, server.URL
}

func fieldList(names string) string {
	return fmt.Sprintf("%q", strings.Fields(names))
}
