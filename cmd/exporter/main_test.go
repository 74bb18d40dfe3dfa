package main

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"exporter/jobs"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"exporter": tested, "expect": expect, "lock": lock})
}

// leakless fails if the tests leave a goroutine behind.
type leakless struct{ m *testing.M }

func (l leakless) Run() int {
	code := l.m.Run()
	emulator := goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start") // of Cloud Storage, at work since its import
	if err := goleak.Find(emulator); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs testdata/*.txtar: the program as a process of its own, against
// a sandbox and a PostgreSQL server. script_test.go has the commands of ours.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup:               newStage,
		Cmds:                stageCommands,
	})
}

// What every script sees as now, so that what is owed is the same every day.
var today = time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC)

// tested is main with a clock that starts at today or that a test turns, less patience, and a copy of
// everything it says in the file OUTPUTS names. The file STATUS names gets what the
// system says about the process at its end.
func tested() {
	m := Main{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv, Args: os.Args[1:],
		Now:   clockOf(os.Getenv(clockVar)),
		Retry: jobs.Retry{Base: time.Millisecond},
	}
	if terminal(os.Stderr) == 0 {
		copied, err := os.OpenFile(os.Getenv("OUTPUTS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
		m.Stdout, m.Stderr = io.MultiWriter(os.Stdout, copied), io.MultiWriter(os.Stderr, copied)
	}
	code := m.runInterruptible()
	if path := os.Getenv("STATUS"); path != "" {
		status, err := os.ReadFile("/proc/self/status")
		if err == nil {
			err = os.WriteFile(path, status, 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// expect runs a command and succeeds if its exit code is the first argument:
// expect 4 exporter run conversions. SIGINT is passed on.
func expect() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "expect:", err)
		os.Exit(98)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "expect:", err)
		os.Exit(98)
	}
	go func() {
		for range signals {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				fmt.Fprintln(os.Stderr, "expect:", err)
			}
		}
	}()
	got := 0
	var ended *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &ended) {
		got = ended.ExitCode()
	} else if err != nil {
		got = -1
	}
	if got != want {
		fmt.Fprintf(os.Stderr, "expect: exit code %d, want %d\n", got, want)
		os.Exit(97)
	}
}

// lock keeps an SQLite file locked until SIGINT.
func lock() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	db, err := sql.Open("sqlite", "file:"+os.Args[1]+"?mode=rw")
	if err == nil {
		db.SetMaxOpenConns(1) // whose transaction it is
		_, err = db.Exec("BEGIN EXCLUSIVE")
	}
	if err == nil {
		err = os.WriteFile(os.Args[1]+".locked", nil, 0o600)
	}
	if err == nil {
		<-signals
		err = db.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lock:", err)
		os.Exit(98)
	}
}
