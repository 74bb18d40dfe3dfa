package main

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/sinks/postgres/pgtest"
)

func direct(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// Two exporters, each with a state of its own, load one day at the same moment. The one
// that began later wins, the other is told so, and the rows are those of one of them.
func TestTwoExportersLoadOneDay(t *testing.T) {
	const rows = 200
	vendor, url := newVendor(t, rows, 1, (&killer{held: make(chan struct{})}).serve)
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	newProcess(t, url, dsn, `options = { page_size = 100 }`).run(t, "run", "conversions", "--from", "2026-11-21") // makes the table
	user, look := direct(t, dsn), direct(t, dsn)
	if _, err := user.Exec(t.Context(), "BEGIN; LOCK TABLE marketing.conversions IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	var cmds [2]*exec.Cmd
	var outs [2]bytes.Buffer
	for i, waits := range []string{"wait_event_type = 'Lock' AND query LIKE 'DELETE %'", "wait_event_type = 'Lock' AND query LIKE '%pg_advisory_xact_lock%'"} {
		cmds[i] = newProcess(t, url, dsn, `options = { page_size = 100 }`).command("run", "conversions", "--from", "2026-11-21", "--force")
		cmds[i].Stdout, cmds[i].Stderr = &outs[i], &outs[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
		for n, until := 0, time.Now().Add(time.Minute); n == 0; { // spent only on failure
			err := look.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "+waits).Scan(&n)
			if err != nil || time.Now().After(until) {
				t.Fatalf("process %d does not come to its load: %v\n%s", i, err, outs[i].String())
			}
		}
	}
	if _, err := user.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmds[0].Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the exporter that began first: %v\n%s", err, outs[0].String())
	}
	if !strings.Contains(outs[0].String(), "was taken over by another writer that began later") || !strings.Contains(outs[0].String(), "two exporters load the same job") {
		t.Errorf("the exporter that lost is not told:\n%s", outs[0].String())
	}
	if err := cmds[1].Wait(); err != nil {
		t.Errorf("the exporter that began last: %v\n%s", err, outs[1].String())
	}
	count, err := vendor.HasOffers().Count("", today.AddDate(0, 0, -2), today)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(srv.Psql(t, dsn, "-Atc", "select count(*), count(distinct id), count(distinct _loaded_at) from marketing.conversions")); got != "200|200|1" || count != rows {
		t.Errorf("rows, ids and loads %s, the vendor has %d", got, count)
	}
}
