package postgres_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
)

// TestReadersBesideALongQuery: while a query of somebody's keeps a column from being
// added, others who come meanwhile wait 1.5 s at most, as the server sees it, and the
// load ends.
func TestReadersBesideALongQuery(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, long := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(2, "a"))
	execute(t, long, "BEGIN", "SELECT * FROM marketing.facts") // ACCESS SHARE until its end
	postgres.SetPace(sink, postgres.Lock, 3)

	ended, stop := context.WithCancel(t.Context())
	var longest, all time.Duration
	var reads int
	var failed error
	reader := connect(t, dsn)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ended.Err() == nil {
			// The server took the statement at the first of these, and had its locks at the second.
			var took time.Duration
			var rows int
			err := reader.QueryRow(t.Context(), "SELECT clock_timestamp() - statement_timestamp(), count(*) FROM marketing.facts", pgx.QueryExecModeSimpleProtocol).Scan(&took, &rows)
			if err != nil || rows != 2 {
				failed = errors.Join(failed, err)
				return
			}
			longest, all, reads = max(longest, took), all+took, reads+1
		}
	}()
	rows := wide(3)
	_, err := sink.Begin(t.Context(), loadOf(wider(), rows))
	stop()
	<-done
	wantFault(t, err, fault.Transient, `A query on "marketing"."facts" lasts long, so a new column could not be added. Look for it in pg_stat_activity; the load is tried again.`)
	if failed != nil || reads == 0 {
		t.Fatalf("%d reads, %v", reads, failed)
	}
	t.Logf("%d reads, the longest took %s, all %s", reads, longest, all)
	if longest > 1500*time.Millisecond || longest < postgres.Lock/4 {
		t.Errorf("the longest wait of a reader was %s, want some, and 1.5s at most", longest)
	}
	execute(t, long, "COMMIT")
	bringShape(t, sink, wider(), rows)
	if got := ask(t, reader, "SELECT count(seen) FROM marketing.facts"); got != "3" {
		t.Errorf("%s values in the new column, want 3", got)
	}
}

// threeLoads are a replaced slice, a column that is added and one of another type.
func threeLoads(t *testing.T, dsn string, user func(load string)) {
	t.Helper()
	sink := open(t, config(dsn))
	bring(t, sink, batch(3, "b"))
	user("a slice was replaced")
	bringShape(t, sink, wider(), wide(3))
	user("a column was added")
	shape := wider()
	shape.Columns[3].Type = 0 // text
	shape.Columns[3].Description = ""
	bringShape(t, sink, shape, texts(3))
	user("a type has changed")
}

func TestForeignKeysSurvive(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(3, "a"))
	execute(t, db,
		"CREATE TABLE public.numbers (id bigint PRIMARY KEY)", "INSERT INTO public.numbers SELECT generate_series(0, 99)",
		"ALTER TABLE marketing.facts ADD UNIQUE (id), ADD CONSTRAINT known FOREIGN KEY (id) REFERENCES public.numbers",
		"CREATE TABLE public.notes (fact bigint CONSTRAINT to_facts REFERENCES marketing.facts (id))", "INSERT INTO public.notes VALUES (1), (2)")
	// A key to rows that are replaced is in the way, unless it may wait for the end.
	rows := batch(3, "b")
	err := attempt(t, sink, loadOf(facts, rows), rows)
	wantFault(t, err, fault.Permanent, "A foreign key refuses the rows. Rows that are replaced are away for a moment, which a key to them allows once its owner runs: ALTER TABLE … ALTER CONSTRAINT … DEFERRABLE; for a key of the table itself, load what it points to first, or drop it.")
	if got := ask(t, db, count); got != "3 a" {
		t.Errorf("rows %q, want the old ones", got)
	}
	execute(t, db, "ALTER TABLE public.notes ALTER CONSTRAINT to_facts DEFERRABLE")
	threeLoads(t, dsn, func(load string) {
		if got := ask(t, db, "SELECT count(*) || ' ' || (SELECT count(*) FROM pg_constraint WHERE conname IN ('known', 'to_facts') AND convalidated) FROM public.notes n JOIN marketing.facts f ON f.id = n.fact"); got != "2 2" {
			t.Errorf("after %s: %q, want both notes with their facts, and both keys", load, got)
		}
	})
	rows = batch(1, "c") // what the notes are about is gone: found at the end
	wantFault(t, attempt(t, sink, loadOf(facts, rows), rows), fault.Permanent, "")
	if got := ask(t, db, count); got != "3 text" {
		t.Errorf("rows %q, want the old ones", got)
	}
}

// TestTriggersAndCommentsSurvive: what an owner hung on a table works for every load, also
// when columns come, and what he wrote to it stays.
func TestTriggersAndCommentsSurvive(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	db := connect(t, dsn)
	bring(t, open(t, config(dsn)), batch(2, "a"))
	execute(t, db,
		"CREATE TABLE public.seen (event text, name text)",
		"CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.seen VALUES (TG_OP, coalesce(NEW.name, OLD.name)); RETURN coalesce(NEW, OLD); END$$",
		"CREATE TRIGGER note AFTER INSERT OR DELETE ON marketing.facts FOR EACH ROW EXECUTE FUNCTION public.note()",
		"CREATE TRIGGER round BEFORE INSERT ON marketing.facts FOR EACH ROW WHEN (NEW.id < 0) EXECUTE FUNCTION public.note()",
		"ALTER TABLE marketing.facts ADD COLUMN checked_by text DEFAULT 'nobody'", "COMMENT ON COLUMN marketing.facts.checked_by IS 'Ours.'",
		"ALTER TABLE marketing.facts ADD CONSTRAINT positive CHECK (id >= 0)", "ALTER TABLE marketing.facts ALTER amount SET STATISTICS 42",
		"COMMENT ON TRIGGER note ON marketing.facts IS 'Who changes rows.'", "COMMENT ON CONSTRAINT positive ON marketing.facts IS 'Ids.'")
	const hung = `SELECT string_agg(what, ', ' ORDER BY what) FROM (
		SELECT tgname || ' ' || tgenabled::text || ' ' || coalesce(obj_description(oid, 'pg_trigger'), '') FROM pg_trigger WHERE tgrelid = 'marketing.facts'::regclass AND NOT tgisinternal
		UNION ALL SELECT conname || ' ' || obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'marketing.facts'::regclass AND contype = 'c'
		UNION ALL SELECT attname || ' ' || coalesce(attstattarget, -1) || ' ' || coalesce(col_description(attrelid, attnum), '') FROM pg_attribute WHERE attrelid = 'marketing.facts'::regclass AND attname IN ('checked_by', 'amount', 'name')) x (what)`
	before, deleted := ask(t, db, hung), 2
	threeLoads(t, dsn, func(load string) {
		if got := ask(t, db, hung); got != before {
			t.Errorf("after %s there is %s, want %s", load, got, before)
		}
		want := strconv.Itoa(deleted) + " 3"
		if got := ask(t, db, "SELECT count(*) FILTER (WHERE event = 'DELETE') || ' ' || count(*) FILTER (WHERE event = 'INSERT') FROM public.seen"); got != want {
			t.Errorf("after %s the trigger saw %s rows deleted and inserted, want %s", load, got, want)
		}
		if got := ask(t, db, "SELECT count(*) FROM marketing.facts WHERE checked_by = 'nobody'"); got != "3" {
			t.Errorf("after %s %s rows have the default of the owner's column, want 3", load, got)
		}
		execute(t, db, "TRUNCATE public.seen")
		deleted = 3
	})
}

// TestConstraintsThatTakeLong: what is checked at the end of a load keeps no other slice
// of its run and part waiting, and ends with the load.
func TestConstraintsThatTakeLong(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db, user := open(t, config(dsn)), connect(t, dsn), connect(t, dsn)
	bring(t, sink, batch(3, "a"))
	execute(t, db, "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END$$",
		"CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON marketing.facts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.slow()")
	execute(t, user, "SELECT pg_advisory_lock(42)")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := begin(t, sink, loadOf(facts, batch(3, "b")))
	if err := w.Write(ctx, batch(3, "b")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.Commit(ctx)
		done <- err
	}()
	for ask(t, db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == "0" {
		if len(done) > 0 {
			t.Fatalf("does not wait: %v", <-done)
		}
	}
	for _, table := range []string{"runs", "progress"} {
		if _, err := db.Exec(t.Context(), "SELECT FROM exporter."+table+" FOR UPDATE NOWAIT"); err != nil {
			t.Errorf("others wait for the row in %s: %v", table, err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("commit of a load that was stopped meanwhile: %v", err)
	}
	execute(t, user, "SELECT pg_advisory_unlock(42)")
	if err := w.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	if got := ask(t, db, count); got != "3 a" {
		t.Errorf("rows %q, want the old ones", got)
	}
}

func TestRowSecuritySurvives(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	analyst, loader := newRole(t, dsn), newRole(t, dsn)
	db := connect(t, dsn)
	bring(t, open(t, config(dsn)), batch(3, "a"))
	execute(t, db, "GRANT USAGE ON SCHEMA marketing TO "+analyst.name, "GRANT SELECT ON marketing.facts TO "+analyst.name,
		"ALTER TABLE marketing.facts ENABLE ROW LEVEL SECURITY", "CREATE POLICY one ON marketing.facts FOR SELECT TO "+analyst.name+" USING (id = 1)")
	reader := connect(t, analyst.dsn(t, dsn))
	threeLoads(t, dsn, func(load string) {
		if got := ask(t, reader, "SELECT string_agg(id::text, ',') FROM marketing.facts"); got != "1" {
			t.Errorf("after %s the analyst sees rows %q, want 1", load, got)
		}
	})
	// To a role that does not see all rows, those to be replaced may be out of sight.
	execute(t, db, "GRANT USAGE ON SCHEMA marketing, exporter TO "+loader.name,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA marketing, exporter TO "+loader.name,
		"CREATE POLICY every ON marketing.facts TO "+loader.name+" USING (id > 0)")
	rows := batch(2, "c")
	wantFault(t, attempt(t, open(t, config(loader.dsn(t, dsn))), loadOf(facts, rows), rows), fault.Auth,
		`Let an administrator run: ALTER ROLE "`+loader.name+`" BYPASSRLS; or let the table's owner load it: ALTER TABLE "marketing"."facts" OWNER TO "`+loader.name+`"; (without FORCE ROW LEVEL SECURITY).`)
	if got := ask(t, db, count); got != "3 text" {
		t.Errorf("rows %q, want the old ones", got)
	}
}
