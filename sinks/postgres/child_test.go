package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
)

// childVariable makes the test program load a slice and stop on the way; it
// holds where to stop and the DSN.
const childVariable = "POSTGRES_SINK_CHILD"

// child loads a slice up to a point, says so, and waits to be killed.
func child(task string) int {
	stop, dsn, _ := strings.Cut(task, " ")
	ctx := context.Background()
	sink, err := postgres.Driver().Open(ctx, config(dsn))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	rows := batch(30_000, "child")
	w, err := sink.Begin(ctx, loadOf(facts, rows))
	if err == nil && stop != "begun" {
		err = w.Write(ctx, rows)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	if stop == "commit" {
		_, err = w.Commit(ctx) // the parent kills before this returns
		fmt.Println(err)
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// TestKilledProcess: kill -9 anywhere leaves the old rows, and the next load the
// same as if nothing had happened.
func TestKilledProcess(t *testing.T) {
	for _, stop := range []string{"begun", "written", "commit"} {
		t.Run(stop, func(t *testing.T) {
			p, sink, db, dsn := loaded(t, pgtest.Start(t))
			if stop == "commit" {
				dsn = strings.Replace(dsn, p.server, p.listen.Addr().String(), 1)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childVariable+"="+stop+" "+dsn)
			if _, err := cmd.StdinPipe(); err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			started, killed := make(chan struct{}), make(chan struct{})
			p.on(func(l *link, message []byte) {
				if stop == "commit" && isCommit(message) {
					p.on(nil)
					<-started
					_ = cmd.Process.Kill()
					l.cut()
					close(killed)
				}
			})
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			close(started)
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				t.Fatalf("the child says %q: %v", line, err)
			}
			if stop == "commit" {
				<-killed
			} else if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed

			if got := ask(t, db, count); got != "3 old" {
				t.Errorf("rows %q, want the old ones", got)
			}
			bring(t, sink, batch(30_000, "child"))
			if got := ask(t, db, count); got != "30000 child" {
				t.Errorf("rows %q, want the new ones", got)
			}
			if got := ask(t, db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE '%transaction%'"); got != "0" {
				t.Errorf("%s transactions were left open", got)
			}
		})
	}
}
