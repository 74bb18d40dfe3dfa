package sinktest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"exporter/sinks"
)

// childVariable makes a test program load a slice and stop on the way.
const childVariable = "SINKTEST_CHILD"

// task is what that program does.
type task struct {
	Target, Name, Stop string
	Mode               sinks.Mode
	Slice              int
}

// childRows is more than buffers on the way to a sink hold.
const childRows = 6000

// Child makes a test program the one that is killed, if it was started as such:
// TestMain calls it first and exits with the code if it is one. Open opens the
// sink of a [Harness.Target].
func Child(open func(ctx context.Context, target string) (sinks.Sink, error)) (code int, is bool) {
	text := os.Getenv(childVariable)
	if text == "" {
		return 0, false
	}
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		fmt.Println(err)
		return 1, true
	}
	if err := t.do(open); err != nil {
		fmt.Println(err)
		return 1, true
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	return 0, true
}

func (t task) do(open func(ctx context.Context, target string) (sinks.Sink, error)) error {
	ctx := context.Background()
	sink, err := open(ctx, t.Target)
	if err != nil {
		return err
	}
	r := &rule{name: t.Name, mode: t.Mode}
	if t.Stop == stepsTask || t.Stop == stepsHalf {
		return r.loadSteps(ctx, sink, t.Slice, t.Stop == stepsTask)
	}
	c := r.content(some(childRows, "child"))
	w, err := sink.Begin(ctx, r.loadOf(r.slice(0), c))
	if err != nil || t.Stop == "begun" {
		return err
	}
	return write(ctx, w, c)
}

// killed: kill -9 leaves what was there, and the next load is as if nothing had
// happened.
func killed(r *rule) {
	old := [][]string(nil)
	if r.mode != sinks.Append {
		old = some(4, "old")
		r.load(r.slice(0), r.content(old))
	}
	for _, stop := range []string{"begun", "written"} {
		r.kill(task{Target: r.h.Target, Name: r.name, Stop: stop, Mode: r.mode})
		r.expect(r.name, shape, old)
		if list := r.committed(time.Time{}, time.Time{}); len(list) != min(len(old), 1) {
			r.Errorf("killed when %s, the ledger has %+v", stop, list)
		}
	}
	r.load(r.slice(0), r.content(some(childRows, "child")))
	r.expect(r.name, shape, some(childRows, "child"))
}

// kill runs a task in another process and kills it where it stops.
func (r *rule) kill(t task) {
	r.Helper()
	if ended := r.killAt(Trap{}, t); !ended {
		r.Error("the process ended before it was killed")
	}
}

// killAt runs a task in another process and reports whether it came to the end of it,
// and was killed there.
func (r *rule) killAt(trap Trap, t task) (ended bool) {
	r.Helper()
	line := KillChild(r, childVariable, t, trap.Arm)
	ended = line == "ready"
	if !ended && line != "" {
		r.Errorf("the process to be killed says %q", line)
	}
	if trap.Gone != nil {
		trap.Gone()
	}
	return ended
}

// KillChild runs this test program again with a task, as JSON, in a variable of its
// environment, and kills it once it has said a line, which it returns, or is gone. Arm,
// which may be nil, is called with the process.
func KillChild(t testing.TB, variable string, task any, arm func(*os.Process)) (line string) {
	t.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+string(text))
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if arm != nil {
		arm(cmd.Process)
	}
	line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("read what the process to be killed says: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	_ = cmd.Wait() // killed
	return strings.TrimSpace(line)
}
