package state_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/fault"
	"exporter/state"
)

// The test binary runs itself as another process; these name what it does there.
const (
	roleVar   = "STATE_TEST_ROLE"
	pathVar   = "STATE_TEST_PATH"
	expiryVar = "STATE_TEST_EXPIRY"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "hold":
		fmt.Println(hold(context.Background()))
	case "open":
		fmt.Println(open(context.Background()))
	case "restore":
		fmt.Println(restoreAndDie(context.Background()))
	default:
		goleak.VerifyTestMain(m)
	}
}

// open opens the state and says how that went.
func open(ctx context.Context) string {
	s, err := state.Open(ctx, os.Getenv(pathVar), state.Options{})
	if err == nil {
		err = s.Close()
	}
	return outcome(err)
}

func outcome(err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %v | %s", fault.ClassOf(err), err, fault.HintOf(err))
	}
	return "ok"
}

// hold takes the lease and keeps it until it is lost or standard input ends.
func hold(ctx context.Context) string {
	expiry, err := time.ParseDuration(os.Getenv(expiryVar))
	if err != nil {
		return err.Error()
	}
	s, err := state.Open(ctx, os.Getenv(pathVar), state.Options{Expiry: expiry})
	if err != nil {
		return outcome(err)
	}
	l, err := s.Acquire(ctx, fmt.Sprintf("holder %d", os.Getpid()))
	if e := new(state.HeldError); errors.As(err, &e) {
		return "refused"
	}
	if err != nil {
		return outcome(err)
	}
	fmt.Println("held", l.Epoch())
	eof := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(eof)
	}()
	select {
	case <-l.Lost():
		check := l.Check(ctx)
		_, _, next := s.NextQueued(ctx, l.Epoch())
		return fmt.Sprintf("lost, check: %t, next: %t, release: %s",
			errors.Is(check, state.ErrLost), errors.Is(next, state.ErrLost), outcome(l.Release(ctx)))
	case <-eof:
		return outcome(errors.Join(l.Release(ctx), s.Close()))
	}
}

// child is another process.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Scanner
}

func start(t *testing.T, role, path string, expiry time.Duration, change ...func(*exec.Cmd)) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"="+role, pathVar+"="+path, expiryVar+"="+expiry.String())
	cmd.Stderr = os.Stderr
	for _, f := range change {
		f(cmd)
	}
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &child{t: t, cmd: cmd, stdin: stdin, out: bufio.NewScanner(stdout)}
	t.Cleanup(c.kill)
	return c
}

// line waits for the next line the process prints.
func (c *child) line() string {
	c.t.Helper()
	if !c.out.Scan() {
		c.t.Fatalf("process ended without a further line: %v", c.out.Err())
	}
	return c.out.Text()
}

func (c *child) expect(want string) {
	c.t.Helper()
	if got := c.line(); !strings.HasPrefix(got, want) {
		c.t.Fatalf("process printed %q, want %q", got, want)
	}
}

func (c *child) signal(s os.Signal) {
	c.t.Helper()
	must(c.t, c.cmd.Process.Signal(s))
}

// kill ends the process without warning and waits for it.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (hint: %s)", err, fault.HintOf(err))
	}
}

// eventually tries until f is content.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// openState opens a state that the test closes at its end.
func openState(t testing.TB, path string, o state.Options) *state.Store {
	t.Helper()
	s, err := state.Open(context.Background(), path, o)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// acquire takes a lease that the test releases at its end.
func acquire(t testing.TB, s *state.Store) *state.Lease {
	t.Helper()
	l, err := s.Acquire(context.Background(), "test")
	must(t, err)
	t.Cleanup(func() { must(t, l.Release(context.Background())) })
	return l
}

// begin enqueues a run and starts it.
func begin(t testing.TB, s *state.Store, l *state.Lease, job string) state.Run {
	t.Helper()
	_, err := s.Enqueue(context.Background(), state.Run{Job: job, Trigger: state.TriggerCLI})
	must(t, err)
	r, ok, err := s.NextQueued(context.Background(), l.Epoch())
	must(t, err)
	if !ok || r.Job != job {
		t.Fatalf("started %+v, %t; want a run of %s", r, ok, job)
	}
	return r
}

// ticking is a clock that goes step further at every look.
func ticking(step time.Duration) func() time.Time {
	var looks atomic.Int64
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return func() time.Time { return begin.Add(step * time.Duration(looks.Add(1))) }
}
