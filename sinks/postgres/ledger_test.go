package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/sinks/postgres/pgtest"
)

// ledger returns the slice's row without what differs from run to run.
func ledger(t *testing.T, db *pgx.Conn) string {
	t.Helper()
	return ask(t, db, `SELECT concat_ws(' ', job, part, to_char(interval_start AT TIME ZONE 'UTC', 'YYYY-MM-DD'), to_char(interval_end AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
		state, coalesce(rows_announced, -1), rows_read, rows_rejected, rows_written, sums, tables #>> '{facts,rows}', definition, provisional, run,
		loaded_at IS NOT NULL AND loaded_at = checked_at, hash = tables #>> '{facts,hash}', 'fence', fence) FROM exporter.slices`)
}

func TestLedgerRow(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	load := func(mark string, commit bool) string {
		rows := batch(3, mark)
		l := loadOf(facts, rows)
		l.Announced, l.Provisional, l.Run = -1, mark == "one", "run "+mark
		w := begin(t, sink, l)
		if err := w.Write(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		during := ledger(t, db)
		if commit {
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Abort(t.Context()); err != nil {
			t.Fatal(err)
		}
		return during
	}
	const done = ` 3 0 3 {"facts": {"id": "3", "amount": "3.75"}} 3 d1 `
	want := []string{
		"facts north 2026-03-01 2026-03-02 loading -1 f fence 1",
		"facts north 2026-03-01 2026-03-02 loading -1 f fence 1",
		"facts north 2026-03-01 2026-03-02 loading -1 f fence 2",
		"facts north 2026-03-01 2026-03-02 committed -1" + done + "t run one t t fence 2",
		"facts north 2026-03-01 2026-03-02 committed -1" + done + "t run one t t fence 3",
		"facts north 2026-03-01 2026-03-02 committed -1" + done + "f run two t t fence 3",
		"facts north 2026-03-01 2026-03-02 committed -1" + done + "f run two t t fence 4",
		"facts north 2026-03-01 2026-03-02 committed -1" + done + "f run two t t fence 4",
	}
	var got []string
	for _, step := range []struct {
		mark   string
		commit bool
	}{{"none", false}, {"one", true}, {"two", true}, {"none", false}} {
		got = append(got, load(step.mark, step.commit), ledger(t, db))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ledger during and after each load (-want +got):\n%s", d)
	}
}

// TestSocket loads through a Unix socket, where TCP settings mean nothing.
func TestSocket(t *testing.T) {
	srv := pgtest.New(t, nil)
	dsn := srv.Database(t)
	db := connect(t, dsn)
	dir, _, _ := strings.Cut(ask(t, db, "SELECT current_setting('unix_socket_directories')"), ",")
	host, port := "host="+dir, " port="+ask(t, db, "SELECT current_setting('port')")
	bring(t, open(t, config(host+port+" user=postgres dbname="+ask(t, db, "SELECT current_database()"))), batch(2, "socket"))
	if got := ask(t, db, count); got != "2 socket" {
		t.Errorf("rows %q, want 2", got)
	}
}
