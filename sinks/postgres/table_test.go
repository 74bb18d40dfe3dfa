package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
)

// wider is facts with one more column.
func wider() record.Table {
	t := facts
	t.Columns = append(slices.Clone(facts.Columns), record.Column{Name: "seen", Type: record.Timestamp})
	return t
}

func wide(n int) *record.Batch {
	b := record.NewBuilder(0, wider(), nil)
	for i := range n {
		b.Integer(int64(i))
		b.Text([]byte("wide"))
		b.Raw([]byte("1"))
		b.Timestamp(day)
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return &rows
}

// texts are rows of wider whose last column is text.
func texts(n int) *record.Batch {
	shape := wider()
	shape.Columns[3].Type = record.Text
	b := record.NewBuilder(0, shape, nil)
	for i := range n {
		b.Integer(int64(i))
		b.Text([]byte("text"))
		b.Raw([]byte("1"))
		b.Text([]byte("soon"))
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return &rows
}

func TestTableAsMade(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(2, "a"))
	rows, err := db.Query(t.Context(), `SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
		|| coalesce(': ' || col_description(attrelid, attnum), '')
		FROM pg_attribute WHERE attrelid = 'marketing.facts'::regclass AND attnum > 0 ORDER BY attnum`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"id bigint",
		"name text: What it's \"called\" \\ here.\nOriginal name: Campaign Name",
		"amount numeric: Net.",
		"_slice bigint not null: The slice that loaded the row: _slice of the ledger's table slices.",
		"_loaded_at timestamp with time zone not null: When the row was loaded.",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	for sql, want := range map[string]string{
		"SELECT obj_description('marketing.facts'::regclass)":                                                                                         "Facts of the vendor's report.",
		"SELECT string_agg(indexdef, ';') FROM pg_indexes WHERE tablename = 'facts'":                                                                  "CREATE INDEX facts__slice_idx ON marketing.facts USING btree (_slice)",
		"SELECT count(*) FROM marketing.facts JOIN exporter.slices s USING (_slice) WHERE _loaded_at = s.loaded_at":                                   "2",
		"SELECT count(*) FROM pg_tables WHERE tablename LIKE '%rejects'":                                                                              "0",
		"SELECT count(*) FROM pg_attribute WHERE attrelid = 'exporter.slices'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL": "0",
	} {
		if got := ask(t, db, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

// TestNothingToDoTakesNoLock: a load into a table that fits works beside a
// session that keeps the table locked against change.
func TestNothingToDoTakesNoLock(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(2, "a"))
	before := ask(t, db, "SELECT max(xmin::text::bigint) FROM pg_attribute WHERE attrelid = 'marketing.facts'::regclass")
	execute(t, db, "BEGIN", "SELECT * FROM marketing.facts")
	bring(t, sink, batch(3, "b"))
	execute(t, db, "COMMIT")
	if after := ask(t, db, "SELECT max(xmin::text::bigint) FROM pg_attribute WHERE attrelid = 'marketing.facts'::regclass"); after != before {
		t.Error("the catalogue was written although nothing changed")
	}
}

func TestCommentsFollowTheVendor(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(1, "a"))
	execute(t, db, "COMMENT ON COLUMN marketing.facts.id IS 'the analyst''s own'", "COMMENT ON COLUMN marketing.facts.amount IS 'outdated'")
	bring(t, sink, batch(2, "a"))
	for column, want := range map[string]string{"1": "the analyst's own", "3": "Net."} {
		if got := ask(t, db, "SELECT col_description('marketing.facts'::regclass, "+column+")"); got != want {
			t.Errorf("comment of column %s is %q, want %q", column, got, want)
		}
	}
}

func TestReaderInTheWayOfAColumn(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db, look := open(t, config(dsn)), connect(t, dsn), connect(t, dsn)
	bring(t, sink, batch(2, "a"))
	rows := wide(3)

	execute(t, db, "BEGIN", "SELECT * FROM marketing.facts")
	postgres.SetPace(sink, 50*time.Millisecond, 3)
	_, err := sink.Begin(t.Context(), loadOf(wider(), rows))
	wantFault(t, err, fault.Transient, `A query on "marketing"."facts" lasts long, so a new column could not be added. Look for it in pg_stat_activity; the load is tried again.`)

	postgres.SetPace(sink, time.Minute, 1)
	done := make(chan error, 1)
	go func() {
		w, err := sink.Begin(t.Context(), loadOf(wider(), rows))
		if err == nil {
			err = errors.Join(w.Write(t.Context(), rows))
		}
		if err == nil {
			_, err = w.Commit(t.Context())
		}
		done <- err
	}()
	waitFor(t, look, "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'marketing.facts'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted")
	execute(t, db, "COMMIT")
	if err := <-done; err != nil {
		t.Fatalf("after the reader has gone: %v", err)
	}
	if got := ask(t, db, "SELECT count(seen) FROM marketing.facts"); got != "3" {
		t.Errorf("%s values in the new column, want 3", got)
	}
}

func TestViewsAndGrantsSurvive(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	analyst, late := newRole(t, dsn), newRole(t, dsn)
	sink, db := open(t, config(dsn, func(c *postgres.Config) { c.GrantSelect = []string{analyst.name} })), connect(t, dsn)
	bring(t, sink, batch(2, "a"))
	execute(t, db,
		"CREATE VIEW marketing.total AS SELECT sum(amount) AS total FROM marketing.facts",
		"CREATE MATERIALIZED VIEW marketing.copy AS SELECT * FROM marketing.facts",
		"CREATE INDEX mine ON marketing.facts (name)",
		"GRANT SELECT ON marketing.total TO "+analyst.name,
		"GRANT SELECT ON marketing.facts TO "+late.name,
		"GRANT USAGE ON SCHEMA marketing TO "+late.name)
	reader, other := connect(t, analyst.dsn(t, dsn)), connect(t, late.dsn(t, dsn))
	threeLoads(t, dsn, func(load string) {
		if got := ask(t, reader, "SELECT total = (SELECT sum(amount) FROM marketing.facts) FROM marketing.total"); got != "true" {
			t.Errorf("after %s the view is another than the table", load)
		}
		if got := ask(t, reader, "SELECT count(*) FROM marketing.facts JOIN exporter.slices USING (_slice)"); got != "3" {
			t.Errorf("after %s the analyst sees %s rows, want 3", load, got)
		}
		if got := ask(t, other, "SELECT count(f) FROM marketing.facts f"); got != "3" {
			t.Errorf("after %s somebody else with a grant sees %s rows of all columns, want 3", load, got)
		}
		if got := ask(t, db, "SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'"); got != "1" {
			t.Errorf("after %s an index is gone", load)
		}
	})
	execute(t, db, "REFRESH MATERIALIZED VIEW marketing.copy")
}

func TestTablesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare []string
		class   fault.Class
		message string
		hint    string
	}{
		"not ours": {
			[]string{"CREATE TABLE marketing.facts (id bigint, name text, amount numeric)"},
			fault.Config,
			`table "marketing"."facts" is there already, but without the column _slice bigint: the exporter did not make it`,
			`Set another table in the job. To have this one filled, empty it and run: ALTER TABLE "marketing"."facts" ADD COLUMN _slice bigint NOT NULL, ` +
				`ADD COLUMN _loaded_at timestamptz NOT NULL; CREATE INDEX ON "marketing"."facts" (_slice);`,
		},
		"a generated column": {
			[]string{"CREATE TABLE marketing.facts (id bigint, name text, amount numeric GENERATED ALWAYS AS (id * 2) STORED, _slice bigint, _loaded_at timestamptz)"},
			fault.Config,
			`column "amount" of table "marketing"."facts" is generated: nobody else can write it`,
			`Let the owner run: ALTER TABLE "marketing"."facts" RENAME COLUMN "amount" TO "amount_generated"; or leave the vendor's column out: write amount = "drop" in [jobs.NAME.columns].`,
		},
		"an identity": {
			[]string{"CREATE TABLE marketing.facts (id bigint GENERATED ALWAYS AS IDENTITY, name text, amount numeric, _slice bigint, _loaded_at timestamptz)"},
			fault.Config,
			`column "id" of table "marketing"."facts" is generated: nobody else can write it`,
			`Let the owner run: ALTER TABLE "marketing"."facts" RENAME COLUMN "id" TO "id_generated"; or leave the vendor's column out: write id = "drop" in [jobs.NAME.columns].`,
		},
		"a column that must not be empty": {
			[]string{"CREATE TABLE marketing.facts (id bigint, name text, amount numeric, checked boolean NOT NULL, seen timestamptz NOT NULL DEFAULT now(), n int GENERATED ALWAYS AS IDENTITY, _slice bigint, _loaded_at timestamptz)"},
			fault.Config,
			`column "checked" of table "marketing"."facts" is NOT NULL without a default, and the job delivers nothing that it can hold`,
			`Let the owner run: ALTER TABLE "marketing"."facts" ALTER COLUMN "checked" DROP NOT NULL;`,
		},
		"another type that must not be empty": {
			[]string{"CREATE TABLE marketing.facts (id bigint, name text, amount bigint NOT NULL, _slice bigint, _loaded_at timestamptz)"},
			fault.Config,
			`column "amount" of table "marketing"."facts" is NOT NULL without a default, and the job delivers nothing that it can hold`,
			`Let the owner run: ALTER TABLE "marketing"."facts" ALTER COLUMN "amount" DROP NOT NULL; ` +
				`Or change its type: ALTER TABLE "marketing"."facts" ALTER COLUMN "amount" TYPE numeric USING "amount"::numeric;`,
		},
		"another type in the other column too": {
			[]string{"CREATE TABLE marketing.facts (id bigint, name text, amount bigint, amount__numeric numeric(10,2), _slice bigint, _loaded_at timestamptz)"},
			fault.Config,
			`column "amount__numeric" of table "marketing"."facts" is numeric(10,2), the job delivers numeric`,
			`Let the owner run: ALTER TABLE "marketing"."facts" ALTER COLUMN "amount__numeric" TYPE numeric USING "amount__numeric"::text::numeric;`,
		},
		"a foreign table": {
			[]string{
				"CREATE EXTENSION file_fdw", "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw",
				"CREATE FOREIGN TABLE marketing.facts (id bigint) SERVER files OPTIONS (filename '/dev/null')",
			},
			fault.Config,
			`"marketing"."facts" is not a table but a foreign table`, `Something else has that name. Set another table in the job.`,
		},
		"a view": {
			[]string{"CREATE VIEW marketing.facts AS SELECT 1 AS id"},
			fault.Config,
			`"marketing"."facts" is not a table but a view`, `Something else has that name. Set another table in the job.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.Start(t).Database(t)
			execute(t, connect(t, dsn), append([]string{"CREATE SCHEMA marketing"}, c.prepare...)...)
			_, err := open(t, config(dsn)).Begin(t.Context(), loadOf(facts, batch(1, "a")))
			wantFault(t, err, c.class, c.hint)
			if err == nil || !strings.HasSuffix(err.Error(), c.message) {
				t.Errorf("message %v, want …%s", err, c.message)
			}
		})
	}
}

func TestNamesAreQuoted(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	shape := record.Table{Columns: []record.Column{{Name: `select "x"; --`, Type: record.Integer}, {Name: "Ünï", Type: record.Text}}}
	b := record.NewBuilder(0, shape, nil)
	b.Integer(1)
	b.Text([]byte("x"))
	b.EndRow(nil)
	rows, _ := b.Take()
	sink := open(t, config(dsn, func(c *postgres.Config) { c.Schema, c.LedgerSchema = `a "b'`, `c.d;` }))
	if err := sink.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	bringShape(t, sink, shape, &rows)
	if got := ask(t, connect(t, dsn), `SELECT count(*) FROM "a ""b'".facts JOIN "c.d;".slices USING (_slice) WHERE "select ""x""; --" = 1`); got != "1" {
		t.Errorf("%s rows, want 1", got)
	}
}

func TestManyBeginAtOnceOnAnEmptyDatabase(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	errs := make(chan error)
	const n = 8
	for i := range n {
		sink := open(t, config(dsn))
		go func() {
			rows := batch(1, "a")
			l := loadOf(facts, rows)
			l.Slice.Start = l.Slice.Start.AddDate(0, 0, i)
			w, err := sink.Begin(t.Context(), l)
			if err == nil {
				err = w.Write(t.Context(), rows)
			}
			if err == nil {
				_, err = w.Commit(t.Context())
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := ask(t, connect(t, dsn), "SELECT count(*) FROM marketing.facts"); got != "8" {
		t.Errorf("%s rows, want 8", got)
	}
}

func TestNotify(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	execute(t, db, "LISTEN exporter")
	rows := batch(1, "a")
	aborted := begin(t, sink, loadOf(facts, rows))
	if err := errors.Join(aborted.Write(t.Context(), rows), aborted.Abort(t.Context())); err != nil {
		t.Fatal(err)
	}
	bring(t, sink, rows)
	n, err := db.WaitForNotification(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "facts 2026-03-01T00:00:00Z/2026-03-02T00:00:00Z"; n.Channel != "exporter" || n.Payload != want {
		t.Errorf("notified %q on %s, want %q", n.Payload, n.Channel, want)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := db.WaitForNotification(ended); err == nil {
		t.Errorf("a second notification: %q", n.Payload)
	}
}
