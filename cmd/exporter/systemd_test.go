package main

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A service manager hears that jobs are run, that the scheduler ticks, and that the
// process is about to end; nothing is ready before.
func TestServeTellsItsServiceManager(t *testing.T) {
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"}
	manager, err := net.ListenUnixgram("unixgram", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := manager.Close(); err != nil {
			t.Error(err)
		}
	})
	text := strings.Replace(jobsTOML, "driver = \"postgres\"\ndsn = \"${DSN}\"\nschema = \"marketing\"", "driver = \"sqlite\"\npath = \"data.db\"", 1)
	p := newProgram(t, strings.Replace(text, "timezone = \"Europe/Berlin\"", "timezone = \"Europe/Berlin\"\nlisten = \"\"", 1), "SANDBOX=http://127.0.0.1:1")
	for name, value := range secrets {
		p.env = append(p.env, name+"="+value)
	}
	p.env = append(p.env, "NOTIFY_SOCKET="+address.Name, "WATCHDOG_USEC=90000")
	cmd := p.command("serve")
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hear := func() string {
		t.Helper()
		if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := manager.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	expect := func(heard string, want string) {
		t.Helper()
		if heard != want {
			t.Fatalf("heard %q, want %q", heard, want)
		}
	}
	heard := hear()
	for heard == "WATCHDOG=1" { // it ticks from its first second, and may do so before it is ready
		heard = hear()
	}
	expect(heard, "READY=1")
	for range 3 {
		expect(hear(), "WATCHDOG=1")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for heard = hear(); heard == "WATCHDOG=1"; {
		heard = hear()
	}
	expect(heard, "STOPPING=1")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
