package main

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/sandbox"
)

// servedTOML is a job of a vendor without a login, loaded into both databases.
const servedTOML = `[exporter]
timezone = "America/New_York"
listen = ""

[sources.tune]
driver = "hasoffers"
api = "network"
base_url = "${SANDBOX}/Apiv3/json"
network_id = "demo"
network_token = "${NETWORK_TOKEN}"
timezone = "America/New_York"
limits = ["10000/1s"]

[sinks.warehouse]
driver = "postgres"
dsn = "${DSN}"
schema = "marketing"

[sinks.local]
driver = "sqlite"
path = "data.db"

[jobs.conversions]
source = "tune"
stream = "conversions"
sinks = ["warehouse"]
schedule = "@every 12h"
options = { page_size = 10, fields = ["id", "tune_event_id", "datetime", "status", "payout", "revenue"] }
`

// newServed puts the program with such a job into a folder; change are pairs of old and
// new text of the configuration.
func newServed(t *testing.T, url, dsn string, c *wallClock, change ...string) process {
	t.Helper()
	return newProgram(t, strings.NewReplacer(change...).Replace(servedTOML),
		"SANDBOX="+url, "DSN="+dsn, "NETWORK_TOKEN="+secrets["NETWORK_TOKEN"], c.env())
}

// servant is a serve as a process of its own, with its log.
type servant struct {
	*exec.Cmd
	ended chan struct{} // closed when the process has
	err   error         // how, from then on

	mu      sync.Mutex
	changed *sync.Cond
	log     []string
}

// serve starts a serve. Each line of its log is told to every watcher.
func (p process) serve(t *testing.T, args []string, watchers ...func(line string)) *servant {
	t.Helper()
	s := &servant{Cmd: p.command(append([]string{"serve", "--log-format", "json", "--log-level", "debug"}, args...)...), ended: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	out, err := s.StderrPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.mu.Lock()
			s.log = append(s.log, lines.Text())
			s.mu.Unlock()
			s.changed.Broadcast()
			for _, w := range watchers {
				w(lines.Text())
			}
		}
		s.err = s.Wait()
		s.changed.Broadcast()
	}()
	t.Cleanup(func() {
		_ = s.Process.Kill() // it has ended, unless the test failed
		<-s.ended
	})
	return s
}

// await waits until n lines of the log match.
func (s *servant) await(t *testing.T, n int, pattern string) {
	t.Helper()
	match := regexp.MustCompile(pattern)
	late := false
	enough := time.AfterFunc(time.Minute, func() { // spent only on failure
		s.mu.Lock()
		late = true
		s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer enough.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for seen, found := 0, 0; ; s.changed.Wait() {
		for ; seen < len(s.log) && found < n; seen++ {
			if match.MatchString(s.log[seen]) {
				found++
			}
		}
		if found == n {
			return
		}
		if late {
			t.Fatalf("%d of %d lines match %s in\n%s", found, n, pattern, strings.Join(s.log, "\n"))
		}
	}
}

func (s *servant) signal(t *testing.T, which syscall.Signal) {
	t.Helper()
	if err := s.Process.Signal(which); err != nil {
		t.Fatal(err)
	}
}

// text waits for the end of the process and returns its log and its exit code.
func (s *servant) text(t *testing.T) (log string, code int) {
	t.Helper()
	stuck := time.AfterFunc(time.Minute, func() { _ = s.Process.Kill() })
	defer stuck.Stop()
	<-s.ended
	return strings.Join(s.log, "\n"), s.ProcessState.ExitCode()
}

// drain ends the process as a service manager does.
func (s *servant) drain(t *testing.T) {
	t.Helper()
	s.signal(t, syscall.SIGTERM)
	if log, code := s.text(t); code != 0 || !strings.Contains(s.log[len(s.log)-1], `"msg":"drained"`) {
		t.Errorf("ended with %d:\n%s", code, log)
	}
}

// value asks a database for one text.
func value(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()
	var got *string
	if err := conn.QueryRow(context.WithoutCancel(t.Context()), fmt.Sprintf("SELECT (%s)::text", query)).Scan(&got); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if got == nil {
		return ""
	}
	return *got
}

// becomes waits until a database answers so.
func becomes(t *testing.T, conn *pgx.Conn, query, want string) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	until := time.Now().Add(time.Minute) // spent only on failure
	for got := value(t, conn, query); got != want; got = value(t, conn, query) {
		if <-look.C; time.Now().After(until) {
			t.Fatalf("%s is %q and does not become %q", query, got, want)
		}
	}
}

// waitsIn asks for the number of sessions of the database that wait for a lock in a statement like this.
func waitsIn(statement string) string {
	return "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '" + statement + "'"
}

// locked keeps a table from being written to until the function it returns is called.
func locked(t *testing.T, dsn, table string) (release func()) {
	t.Helper()
	user := direct(t, dsn)
	if _, err := user.Exec(t.Context(), "BEGIN; LOCK TABLE "+table+" IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := user.Exec(context.WithoutCancel(t.Context()), "COMMIT"); err != nil {
			t.Fatal(err)
		}
	}
}

// wantConversions compares the table with what the vendor has of all its days.
func wantConversions(t *testing.T, vendor *sandbox.Sandbox, conn *pgx.Conn) {
	t.Helper()
	rows, err := vendor.HasOffers().Rows("", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for row := range rows {
		status, _ := row.Value("status")
		revenue, _ := row.Value("revenue")
		if strings.Contains(revenue, ".") {
			revenue = strings.TrimRight(strings.TrimRight(revenue, "0"), ".")
		}
		want = append(want, fmt.Sprint(row.ID, " ", status, " ", revenue))
	}
	slices.Sort(want)
	got := strings.Split(value(t, conn, `SELECT string_agg(id || ' ' || status || ' ' || trim_scale(revenue), E'\n') FROM marketing.conversions`), "\n")
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table is not what the vendor has (-want +got):\n%s", diff)
	}
}
