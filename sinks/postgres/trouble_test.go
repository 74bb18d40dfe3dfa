package postgres_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
)

// concluded writes rows and commits, and aborts whatever comes of it.
func concluded(t *testing.T, w sinks.Writer, n int) error {
	t.Helper()
	err := w.Write(t.Context(), batch(n, "new"))
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	if err := w.Abort(t.Context()); err != nil {
		t.Errorf("abort: %v", err)
	}
	return err
}

// TestDeadlockWithAUser: a user's transaction and a load wait for each other's rows,
// and the server ends the load.
func TestDeadlockWithAUser(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, user, look := open(t, config(dsn)), connect(t, dsn), connect(t, dsn)
	bring(t, sink, batch(3, "old"))
	execute(t, user, "SET deadlock_timeout = '10min'", // so that it is the load that looks
		"BEGIN", "UPDATE marketing.facts SET amount = 0 WHERE id = 2")
	w := begin(t, sink, loadOf(facts, batch(4, "new")))
	done := make(chan error, 1)
	go func() { done <- concluded(t, w, 4) }()
	waitFor(t, look, waitingFor("DELETE FROM%"))
	execute(t, user, "UPDATE marketing.facts SET amount = 1 WHERE id = 0") // which the load has deleted
	err := <-done
	wantFault(t, err, fault.Transient, "Somebody's transaction and this load waited for each other's rows, and the server ended the load. It is tried again.")
	if got := ask(t, look, count); got != "3 old" {
		t.Errorf("rows %q, want the old ones", got)
	}
	execute(t, user, "COMMIT")
	bring(t, sink, batch(4, "new"))
	if got := ask(t, look, count); got != "4 new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

// waitingFor asks whether a statement of somebody's waits for a lock.
func waitingFor(like string) string {
	return `SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE ` + "'" + like + "'"
}

// TestDiskOfTheServerIsFull: the file that the table grows by is on a device that is
// always full, so it is the kernel that says so, and the server that passes it on.
func TestDiskOfTheServerIsFull(t *testing.T) {
	dsn := pgtest.New(t, nil).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(3, "old"))
	file := ask(t, db, "SELECT pg_relation_filepath('marketing.facts') || '_fsm'") // where there is room in it
	execute(t, db, "COPY (SELECT) TO PROGRAM 'ln -s /dev/full "+file+"'")
	rows := batch(30_000, "new")
	err := attempt(t, sink, loadOf(facts, rows), rows)
	if got := fault.ClassOf(err); got != fault.Transient || !strings.Contains(fault.HintOf(err), " is full. Free space there; the load is tried again.") {
		t.Errorf("got %v (%s, %s)", err, got, fault.HintOf(err))
	}
	if err == nil || !strings.Contains(err.Error(), "No space left on device") || !strings.Contains(err.Error(), "facts") {
		t.Errorf("got %v, want table and cause", err)
	}
	if got := ask(t, db, count); got != "3 old" {
		t.Errorf("rows %q, want the old ones", got)
	}
	execute(t, db, "COPY (SELECT) TO PROGRAM 'rm "+file+"'")
	bring(t, open(t, config(dsn)), rows)
	if got := ask(t, db, count); got != "30000 new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

// TestLimitsOfTheRole: what an administrator set for people's queries does not stop a
// load that has to wait, and the one limit that does says which it is.
func TestLimitsOfTheRole(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	role := newRole(t, dsn)
	user, look := connect(t, dsn), connect(t, dsn)
	execute(t, user, "CREATE SCHEMA marketing AUTHORIZATION "+role.name, "CREATE SCHEMA exporter AUTHORIZATION "+role.name)
	bring(t, open(t, config(role.dsn(t, dsn))), batch(3, "old"))
	t.Run("statement_timeout and lock_timeout", func(t *testing.T) {
		execute(t, user, "ALTER ROLE "+role.name+" SET statement_timeout = '300ms'", "ALTER ROLE "+role.name+" SET lock_timeout = '300ms'")
		sink := open(t, config(role.dsn(t, dsn)))
		execute(t, user, "BEGIN", "LOCK TABLE marketing.facts IN SHARE MODE")
		defer execute(t, user, "ROLLBACK") // whatever comes of it, nobody waits for it
		w := begin(t, sink, loadOf(facts, batch(4, "new")))
		done := make(chan error, 1)
		go func() { done <- concluded(t, w, 4) }()
		waitFor(t, look, waitingFor("DELETE FROM%"))
		waitFor(t, look, "SELECT coalesce(now() - max(query_start) > '400ms', false) FROM pg_stat_activity WHERE usename = '"+role.name+"' AND wait_event_type = 'Lock'")
		execute(t, user, "COMMIT")
		if err := <-done; err != nil {
			t.Errorf("a load that waited for longer than its role's limits: %v", err)
		}
		if got := ask(t, look, count); got != "4 new" {
			t.Errorf("rows %q, want the new ones", got)
		}
	})
	t.Run("idle_in_transaction_session_timeout", func(t *testing.T) {
		execute(t, user, "ALTER ROLE "+role.name+" RESET ALL", "ALTER ROLE "+role.name+" SET idle_in_transaction_session_timeout = '50ms'")
		sink := open(t, config(role.dsn(t, dsn)))
		w := begin(t, sink, loadOf(facts, batch(0, "")))
		err := w.Write(t.Context(), batch(0, "")) // opens the transaction, and then nothing comes
		if err == nil {
			waitFor(t, look, "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = '"+role.name+"' AND state LIKE 'idle in%'")
			_, err = w.Commit(t.Context()) // rows on their way could hide what the server said last
		}
		wantFault(t, err, fault.Transient, "idle_in_transaction_session_timeout of role "+role.name+" is shorter than a pause of the load. Raise it for that role.")
		if got := ask(t, look, count); got != "4 new" {
			t.Errorf("rows %q, want those of before", got)
		}
	})
}

// TestNoConnectionLeft: all connections of the server are taken, and later they are not.
func TestNoConnectionLeft(t *testing.T) {
	srv := pgtest.New(t, pgtest.Settings{"max_connections": "6", "superuser_reserved_connections": "1", "max_wal_senders": "0"})
	dsn := srv.Database(t)
	role, db := newRole(t, dsn), connect(t, dsn)
	execute(t, db, "CREATE SCHEMA marketing AUTHORIZATION "+role.name, "CREATE SCHEMA exporter AUTHORIZATION "+role.name)
	bring(t, open(t, config(role.dsn(t, dsn))), batch(3, "old"))
	var others []*pgx.Conn
	for range 10 {
		conn, err := pgx.Connect(t.Context(), role.dsn(t, dsn))
		if err != nil {
			break
		}
		others = append(others, conn)
	}
	sink := open(t, config(role.dsn(t, dsn)))
	_, err := sink.Begin(t.Context(), loadOf(facts, batch(4, "new")))
	if fault.ClassOf(err) != fault.Transient || !strings.Contains(fault.HintOf(err), "has no connection left. Raise max_connections, or limit this sink with ?pool_max_conns=4 in its DSN.") {
		t.Errorf("with %s connections of others: %v (%s)", strconv.Itoa(len(others)), err, fault.HintOf(err))
	}
	for _, conn := range others {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	waitFor(t, db, "SELECT count(*) < 3 FROM pg_stat_activity WHERE usename = '"+role.name+"'")
	bring(t, sink, batch(4, "new"))
	if got := ask(t, db, count); got != "4 new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}
