package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
)

// loaded is a database whose slice holds three old rows, and a proxy to it.
func loaded(t *testing.T, srv *pgtest.Server) (p *proxy, through sinks.Sink, direct *pgx.Conn, dsn string) {
	t.Helper()
	dsn = srv.Database(t)
	p, via := newProxy(t, dsn)
	through = open(t, config(via))
	bring(t, through, batch(3, "old"))
	return p, through, connect(t, dsn), dsn
}

func written(t *testing.T, s sinks.Sink, n int) sinks.Writer {
	t.Helper()
	rows := batch(n, "new")
	w := begin(t, s, loadOf(facts, rows))
	if err := w.Write(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	return w
}

const count = "SELECT count(*) || ' ' || min(name) FROM marketing.facts"

func TestReplyToCommitIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		cut  func(*link)
		rows string
	}{
		"committed":     {(*link).swallowReply, "4 new"},
		"not committed": {(*link).cut, "3 old"},
	} {
		t.Run(name, func(t *testing.T) {
			p, sink, db, _ := loaded(t, pgtest.Start(t))
			w := written(t, sink, 4)
			p.on(func(l *link, message []byte) {
				if isCommit(message) {
					p.on(nil)
					c.cut(l)
				}
			})
			receipt, err := w.Commit(t.Context())
			if c.rows == "4 new" {
				if err != nil || receipt.Rows != 4 {
					t.Errorf("commit: %+v, %v; want 4 rows", receipt, err)
				}
			} else {
				wantFault(t, err, fault.Transient, "Nothing of this load was kept. Loading the slice again is safe.")
			}
			again, err2 := w.Commit(t.Context())
			if again != receipt || (err == nil) != (err2 == nil) {
				t.Errorf("the second commit says %+v, %v; the first %+v, %v", again, err2, receipt, err)
			}
			if err := w.Abort(t.Context()); err != nil {
				t.Errorf("abort: %v", err)
			}
			if got := ask(t, db, count); got != c.rows {
				t.Errorf("rows %q, want %q", got, c.rows)
			}
			bring(t, sink, batch(5, "next"))
		})
	}
}

// TestCommitStillOnItsWay: the connection is cut at the client while COMMIT has
// not reached the server. The sink must not decide before that transaction ends.
func TestCommitStillOnItsWay(t *testing.T) {
	p, sink, db, _ := loaded(t, pgtest.Start(t))
	w := written(t, sink, 4)
	p.on(func(l *link, message []byte) {
		if !isCommit(message) {
			return
		}
		p.on(nil)
		_ = l.client.Close()
		for waiting := ""; waiting != "t" && t.Context().Err() == nil; {
			if err := db.QueryRow(t.Context(), `SELECT coalesce(bool_or(query LIKE '%FOR UPDATE' AND wait_event_type = 'Lock'), false)::text
				FROM pg_stat_activity WHERE datname = current_database()`).Scan(&waiting); err != nil {
				t.Errorf("look for the waiting sink: %v", err)
				return
			}
			waiting = waiting[:1]
		}
		l.swallowReply() // and COMMIT is passed on
	})
	receipt, err := w.Commit(t.Context())
	if err != nil || receipt.Rows != 4 {
		t.Errorf("commit: %+v, %v; want 4 rows", receipt, err)
	}
	if got := ask(t, db, count); got != "4 new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

func TestCommitIsAskedAgainLater(t *testing.T) {
	p, sink, db, _ := loaded(t, pgtest.Start(t))
	w := written(t, sink, 4)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.on(func(l *link, message []byte) {
		if isCommit(message) {
			p.on(nil)
			p.setDeaf(true)
			l.swallowReply()
			cancel() // nobody wants to wait
		}
	})
	_, err := w.Commit(ctx)
	wantFault(t, err, fault.Transient, "Readers see the old rows or the new, never both. Loading the slice again is safe.")
	p.setDeaf(false)
	receipt, err := w.Commit(t.Context())
	if err != nil || receipt.Rows != 4 {
		t.Errorf("commit once the server answers: %+v, %v; want 4 rows", receipt, err)
	}
	if got := ask(t, db, count); got != "4 new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

// TestServerDiesAtCommit: the server is killed with COMMIT on its way and comes back.
func TestServerDiesAtCommit(t *testing.T) {
	srv := pgtest.New(t, nil)
	p, sink, _, dsn := loaded(t, srv)
	w := written(t, sink, 4)
	p.on(func(l *link, message []byte) {
		if isCommit(message) {
			p.on(nil)
			srv.Kill(t)
			l.cut()
			srv.Start(t)
		}
	})
	_, err := w.Commit(t.Context())
	wantFault(t, err, fault.Transient, "Nothing of this load was kept. Loading the slice again is safe.")
	if got := ask(t, connect(t, dsn), count); got != "3 old" {
		t.Errorf("rows %q, want the old ones", got)
	}
	bring(t, sink, batch(4, "new"))
	if got := ask(t, connect(t, dsn), count); got != "4 new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

// TestCopyBreaks: the connection, or the server, goes while rows are on their way.
func TestCopyBreaks(t *testing.T) {
	for name, server := range map[string]bool{"connection": false, "server": true} {
		t.Run(name, func(t *testing.T) {
			srv := pgtest.New(t, nil)
			p, sink, _, dsn := loaded(t, srv)
			rows := batch(20_000, "new")
			w := begin(t, sink, loadOf(facts, rows, rows))
			var once sync.Once
			p.on(func(l *link, message []byte) {
				if isCopyData(message) {
					once.Do(func() {
						if server {
							srv.Kill(t)
						}
						l.cut()
					})
				}
			})
			err := errors.Join(w.Write(t.Context(), rows), w.Write(t.Context(), rows))
			if err == nil {
				_, err = w.Commit(t.Context())
			}
			wantFault(t, err, fault.Transient, "")
			if err := w.Abort(t.Context()); err != nil {
				t.Errorf("abort: %v", err)
			}
			if server {
				srv.Start(t)
			}
			if got := ask(t, connect(t, dsn), count); got != "3 old" {
				t.Errorf("rows %q, want the old ones", got)
			}
			bring(t, sink, rows)
			if got := ask(t, connect(t, dsn), count); got != "20000 new" {
				t.Errorf("rows %q, want the new ones", got)
			}
		})
	}
}

// TestTakenOverAtCommit: the reply is lost and another writer has begun since.
func TestTakenOverAtCommit(t *testing.T) {
	p, sink, db, dsn := loaded(t, pgtest.Start(t))
	other := open(t, config(dsn))
	w := written(t, sink, 4)
	p.on(func(l *link, message []byte) {
		if isCommit(message) {
			p.on(nil)
			p.setDeaf(true) // keep the sink from asking before the other has begun
			l.cut()
			bring(t, other, batch(7, "other"))
			p.setDeaf(false)
		}
	})
	_, err := w.Commit(t.Context())
	if got := fault.ClassOf(err); got != fault.Interrupted {
		t.Errorf("commit: %v (class %s), want class interrupted", err, got)
	}
	if got := ask(t, db, count); got != "7 other" {
		t.Errorf("rows %q, want those of the other writer", got)
	}
}

// TestWaitForAnotherLoad: a load waits for the table as long as its context, in
// one process and between two.
func TestWaitForAnotherLoad(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	first, second := open(t, config(dsn)), open(t, config(dsn))
	bring(t, first, batch(1, "old"))
	holder := written(t, first, 2)
	for name, sink := range map[string]sinks.Sink{"same process": first, "other process": second} {
		t.Run(name, func(t *testing.T) {
			rows := batch(3, "late")
			l := loadOf(facts, rows)
			l.Slice.Part = "south"
			w := begin(t, sink, l)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- w.Write(ctx, rows) }()
			if name == "other process" {
				waitFor(t, connect(t, dsn), `SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
					AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
			}
			cancel()
			wantFault(t, <-done, fault.Interrupted, "")
			if err := w.Abort(ctx); err != nil {
				t.Errorf("abort: %v", err)
			}
		})
	}
	if _, err := holder.Commit(t.Context()); err != nil {
		t.Errorf("the load that was waited for: %v", err)
	}
}

// waitFor asks until the answer is true. The bound is spent only on failure.
func waitFor(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for yes := false; !yes; {
		if err := conn.QueryRow(ctx, sql).Scan(&yes); err != nil {
			t.Fatalf("wait until %s: %v", sql, err)
		}
	}
}

func TestDatabaseErrorDuringCopy(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(3, "old"))
	execute(t, db, "ALTER TABLE marketing.facts ADD CONSTRAINT small CHECK (id < 10)")
	rows := batch(30_000, "new")
	w := begin(t, sink, loadOf(facts, rows))
	err := w.Write(t.Context(), rows)
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	wantFault(t, err, fault.Permanent, "A constraint that somebody added to the table refuses the rows. Drop it, or let the owner relax it.")
	if err := w.Abort(t.Context()); err != nil {
		t.Errorf("abort: %v", err)
	}
	if got := ask(t, db, count); got != "3 old" {
		t.Errorf("rows %q, want the old ones", got)
	}
}
