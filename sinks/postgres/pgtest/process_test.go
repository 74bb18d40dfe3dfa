package pgtest_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"exporter/sinks/postgres/pgtest"
)

// childVariable makes TestChild do its work in a process of its own, and says how to end it.
const childVariable = "PGTEST_CHILD"

// TestChild is the other half of the tests below; by itself it has nothing to do.
func TestChild(t *testing.T) {
	end := os.Getenv(childVariable)
	if end == "" {
		return
	}
	dsn := pgtest.Start(t).Database(t)
	fmt.Printf("child: %s %s\n", ask(t, dsn, "SHOW data_directory"), ask(t, dsn, "SHOW unix_socket_directories"))
	switch end {
	case "panic":
		panic("as told")
	case "fail":
		t.Fatal("as told")
	case "wait":
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

// child runs TestChild in the program file, as user when that is not nil, and
// returns the folders of its server once that is up. life ends with the last
// process of the child: itself, its server, whatever they started.
func child(t *testing.T, program, end string, as *syscall.Credential) (cmd *exec.Cmd, folders []string, life *os.File) {
	t.Helper()
	life, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, hold, err := os.Pipe() // never closed by the child's parent before its end
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), program, "-test.run=^TestChild$", "-test.v=false")
	cmd.Env = append(os.Environ(), childVariable+"="+end)
	cmd.Stdin, cmd.ExtraFiles = stdin, []*os.File{held}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{held, stdin} {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _, _ = hold.Close(), life.Close() })
	lines := bufio.NewScanner(out)
	var seen []string
	for lines.Scan() {
		if line, ok := strings.CutPrefix(lines.Text(), "child: "); ok {
			return cmd, strings.Fields(line), life
		}
		seen = append(seen, lines.Text())
	}
	t.Fatalf("the child started no server (%v):\n%s", cmd.Wait(), strings.Join(seen, "\n"))
	return nil, nil, nil
}

// ended waits for every process of a child and checks that its folders are gone.
func ended(t *testing.T, cmd *exec.Cmd, folders []string, life *os.File) {
	t.Helper()
	_ = cmd.Wait() // how the child ends is not the question
	if _, err := io.Copy(io.Discard, life); err != nil {
		t.Fatalf("wait for the child's processes: %v", err)
	}
	for _, dir := range folders {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", dir, err)
		}
	}
}

func TestNothingOutlivesTheTestProcess(t *testing.T) {
	for _, end := range []string{"pass", "fail", "panic", "kill"} {
		t.Run(end, func(t *testing.T) {
			t.Setenv(pgtest.Variable, "")
			how := end
			if end == "kill" {
				how = "wait"
			}
			cmd, folders, life := child(t, os.Args[0], how, nil)
			if end == "kill" {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			ended(t, cmd, folders, life)
		})
	}
}

func TestServerFromTheEnvironment(t *testing.T) {
	srv := pgtest.New(t, nil)
	dsn := srv.Database(t)
	mine := ask(t, dsn, "SHOW data_directory")
	socket := ask(t, dsn, "SHOW unix_socket_directories")
	port := ask(t, dsn, "SHOW port")
	for name, dsn := range map[string]string{
		"url":        dsn,
		"key values": fmt.Sprintf("host=%s port=%s user=postgres dbname=postgres", socket, port),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(pgtest.Variable, dsn)
			cmd, folders, life := child(t, os.Args[0], "pass", nil)
			if folders[0] != mine {
				t.Errorf("the child used the server in %s, want the named one in %s", folders[0], mine)
			}
			ended(t, cmd, nil, life)
		})
	}
	if n := ask(t, dsn, "SELECT count(*)::text FROM pg_database WHERE datname LIKE 'test\\_%'"); n != "1" {
		t.Errorf("%s databases on the named server, want the one of this test", n)
	}
}

// TestAsAnOrdinaryUser matters when root runs the tests; otherwise all the others are it.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		owned(t, filepath.Dir(ask(t, pgtest.New(t, nil).Database(t), "SHOW data_directory")))
		return
	}
	t.Setenv(pgtest.Variable, "")
	const nobody = 65534
	cmd, folders, life := child(t, readable(t), "pass", &syscall.Credential{Uid: nobody, Gid: nobody})
	ended(t, cmd, folders, life)
}

// readable copies the test program to where any user may run it.
func readable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtest-program-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "program")
	if err := os.WriteFile(file, program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}
