package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
)

// deliver loads batches and returns what the sink has to say of columns.
func deliver(t *testing.T, s sinks.Sink, l sinks.Load, batches ...*record.Batch) []sinks.Notice {
	t.Helper()
	var list []sinks.Notice
	l.Notice = func(n sinks.Notice) { list = append(list, n) }
	if err := attempt(t, s, l, batches...); err != nil {
		t.Fatalf("load: %v (%s)", err, fault.HintOf(err))
	}
	return list
}

// one is a table of an id and a column v, and a row of it.
func one(typ record.Type, id int64, v string) (record.Table, *record.Batch) {
	shape := record.Table{Columns: []record.Column{{Name: "id", Type: record.Integer}, {Name: "v", Type: typ}}, Key: []string{"id"}}
	b := record.NewBuilder(0, shape, nil)
	b.Integer(id)
	b.Raw([]byte(v))
	b.EndRow(func() []byte { return []byte(`"rejected"`) })
	rows, rejects := b.Take()
	if rejects.Rows() > 0 {
		panic("the row is rejected: " + v)
	}
	return shape, &rows
}

// TestFold: what the notice tells the owner to do makes one column of the two, for
// every type that stands and every type that comes.
func TestFold(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	execute(t, db, "CREATE SCHEMA marketing")
	for _, c := range []struct {
		typ, old   string // as SQL
		now        record.Type
		comes      string
		read, want string // both rows, as v::text
	}{
		{"bigint", "5", record.Numeric, "5.25", "", "5,5.25"},
		{"bigint", "5", record.Text, "five", "", "5,five"},
		{"bigint", "5", record.Float, "0.5", "", "5,0.5"},
		{"bigint", "5", record.JSON, `{"a":1}`, "", `5,{"a": 1}`},
		{"bigint", "1", record.Boolean, "false", "", "true,false"},
		{"integer", "5", record.Integer, "5000000000", "", "5,5000000000"},
		{"numeric(10,2)", "5.25", record.Numeric, "5.255", "", "5.25,5.255"},
		{"numeric(10,2)", "5.25", record.Text, "x", "", "5.25,x"},
		{"double precision", "0.5", record.Numeric, "1.5", "", "0.5,1.5"},
		{"character varying(3)", "'7'", record.Text, "seven", "", "7,seven"},
		{"character varying(3)", "'7'", record.Integer, "8", "", "7,8"},
		{"text", "'7.50'", record.Numeric, "8", "", "7.50,8"},
		{"text", "'2026-03-01'", record.Date, "2026-03-02", "", "2026-03-01,2026-03-02"},
		{"text", "'x'", record.JSON, "[1]", "", `"x",[1]`},
		{"boolean", "true", record.Integer, "7", "", "1,7"},
		{"bigint", "2", record.Boolean, "false", "", "true,false"},
		{"boolean", "true", record.Text, "maybe", "", "true,maybe"},
		{"date", "'2026-03-01'", record.Timestamp, "2026-03-02T10:00:00Z", "(v AT TIME ZONE 'UTC')::text", "2026-03-01 00:00:00,2026-03-02 10:00:00"},
		{"date", "'2026-03-01'", record.LocalTime, "2026-03-02T10:00:00", "", "2026-03-01 00:00:00,2026-03-02 10:00:00"},
		{"timestamp without time zone", "'2026-03-01 10:00'", record.Timestamp, "2026-03-02T10:00:00Z", "(v AT TIME ZONE 'UTC')::text", "2026-03-01 10:00:00,2026-03-02 10:00:00"},
		{"timestamp without time zone", "'2026-03-01 10:00'", record.Date, "2026-03-02", "", "2026-03-01,2026-03-02"},
		{"timestamp with time zone", "'2026-03-01 10:00+00'", record.LocalTime, "2026-03-02T10:00:00", "", "2026-03-01 10:00:00,2026-03-02 10:00:00"},
		{"timestamp with time zone", "'2026-03-01 23:30+00'", record.Date, "2026-03-02", "", "2026-03-01,2026-03-02"},
		{"timestamp with time zone", "'2026-03-01 10:00+00'", record.Text, "soon", "right(v, 4)", "0+01,soon"},
		{"json", `'"x"'`, record.Text, "y", "", `"x",y`},
		{"jsonb", `'"x"'`, record.Text, "y", "", "x,y"},
		{"jsonb", "'5'", record.Integer, "6", "", "5,6"},
		{"uuid", "'00000000-0000-0000-0000-000000000001'", record.Text, "y", "", "00000000-0000-0000-0000-000000000001,y"},
	} {
		t.Run(c.typ+" "+c.now.String(), func(t *testing.T) {
			execute(t, db, "SET timezone = 'Europe/Berlin'", "DROP TABLE IF EXISTS marketing.facts",
				"CREATE TABLE marketing.facts (id bigint, v "+c.typ+", _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL)",
				"INSERT INTO marketing.facts VALUES (1, "+c.old+", -1, now())")
			shape, rows := one(c.now, 2, c.comes)
			deliver(t, sink, loadOf(shape, rows), rows)
			said := deliver(t, sink, loadOf(shape, rows), rows)
			if len(said) != 1 || !strings.Contains(said[0].Text, `its values go to column "v__`+c.now.String()+`"`) {
				t.Fatalf("the load says %q", said)
			}
			_, rest, _ := strings.Cut(said[0].Hint, "let the owner run: ")
			fold, rest, _ := strings.Cut(rest, " the next load")
			_, rest, _ = strings.Cut(rest, "Until then read ")
			both, _, _ := strings.Cut(rest, ". Or ")
			read := c.read
			if read == "" {
				read = "v::text"
			}
			sum := "SELECT string_agg(" + read + ", ',' ORDER BY id) FROM "
			if got := ask(t, db, sum+"(SELECT id, "+strings.TrimSuffix(both, ".")+" AS v FROM marketing.facts) f"); got != c.want {
				t.Errorf("read as told: %s, want %s", got, c.want)
			}
			execute(t, db, fold)
			if got := ask(t, db, sum+"marketing.facts"); got != c.want {
				t.Errorf("folded: %s, want %s", got, c.want)
			}
			if said := deliver(t, sink, loadOf(shape, rows), rows); len(said) > 0 {
				t.Errorf("the load after says %q", said)
			}
			if got := ask(t, db, sum+"marketing.facts"); got != c.want {
				t.Errorf("loaded again: %s, want %s", got, c.want)
			}
		})
	}
}

// TestWiderColumnsAreUsed as they are, because no value changes in them.
func TestWiderColumnsAreUsed(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	execute(t, db, "CREATE SCHEMA marketing",
		"CREATE TABLE marketing.facts (id numeric, name character varying, amount numeric, _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL)")
	for _, mode := range []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Merge, sinks.Snapshot} {
		rows := batch(3, "a")
		l := loadOf(facts, rows)
		l.Tables[0].Shape.Key, l.Mode = []string{"id"}, mode
		if said := deliver(t, sink, l, rows); mode != sinks.Snapshot && len(said) > 0 {
			t.Errorf("%s says %q", mode, said)
		}
		if got := ask(t, db, "SELECT sum(id) || ' ' || count(*) || ' ' || min(name) FROM marketing.facts"); got != "3 3 a" {
			t.Errorf("%s: %s", mode, got)
		}
	}
}

// TestChangesAreRecorded in the ledger, with the statement that made them.
func TestChangesAreRecorded(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(1, "a"))
	execute(t, db, "ALTER TABLE marketing.facts ALTER amount TYPE integer", "TRUNCATE exporter.schema_changes")
	rows := wide(1)
	l := loadOf(wider(), rows)
	l.Mode, l.Tables[0].Shape.Key = sinks.Merge, []string{"id"}
	deliver(t, sink, l, rows)
	deliver(t, sink, l, rows)
	want := `run-1 facts marketing.facts ALTER TABLE "marketing"."facts" ADD COLUMN "amount__numeric" numeric, ADD COLUMN "seen" timestamp with time zone; ` +
		`run-1 facts marketing.facts CREATE UNIQUE INDEX ON "marketing"."facts" ("id")`
	if got := ask(t, db, "SELECT string_agg(concat_ws(' ', run, job, table_schema || '.' || table_name, statement), '; ' ORDER BY changed_at) FROM exporter.schema_changes"); got != want {
		t.Errorf("recorded\n%s\nwant\n%s", got, want)
	}
}

// TestDescriptionOfAWideColumn says what it is there for.
func TestDescriptionOfAWideColumn(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	execute(t, db, "CREATE SCHEMA marketing",
		"CREATE TABLE marketing.facts (id bigint, name text, amount bigint, _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL)")
	bring(t, sink, batch(1, "a"))
	if got, want := ask(t, db, "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attname = 'amount__numeric'"), "Net.\nHas what column amount cannot hold for its type."; got != want {
		t.Errorf("comment %q, want %q", got, want)
	}
}

// TestManyColumns: as many as PostgreSQL takes, and one more.
func TestManyColumns(t *testing.T) {
	const hint = `Ask the source for fewer columns, or leave some out: write "drop" for them in [jobs.NAME.columns].`
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	full, rows := many(1596) // and id, _slice, _loaded_at, _absent_since
	for _, mode := range []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Snapshot} {
		for range 2 {
			l := loadOf(full, rows)
			l.Mode, l.Slice.Job, l.Tables[0].Name = mode, string(mode), string(mode)
			deliver(t, sink, l, rows)
		}
		if got := ask(t, db, "SELECT count(*) || min(c1595) FROM marketing."+string(mode)); got != "1x" {
			t.Errorf("%s: %q, want 1x", mode, got)
		}
	}
	over, rows := many(1598)
	err := attempt(t, sink, loadOf(over, rows), rows)
	wantFault(t, err, fault.Config, hint)
	if want := `table "marketing"."facts" would have 1602 columns, and PostgreSQL takes 1600, those that were dropped included`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v\nwant …%s", err, want)
	}
	// Dropped columns keep their places.
	few, one := many(10)
	deliver(t, sink, loadOf(few, one), one)
	for i := range 4 {
		var add, drop []string
		for c := range 390 {
			add, drop = append(add, fmt.Sprintf("ADD COLUMN gone%d_%d text", i, c)), append(drop, fmt.Sprintf("DROP COLUMN gone%d_%d", i, c))
		}
		execute(t, db, "ALTER TABLE marketing.facts "+strings.Join(add, ", "), "ALTER TABLE marketing.facts "+strings.Join(drop, ", "))
	}
	more, wide := many(40)
	wantFault(t, attempt(t, sink, loadOf(more, wide), wide), fault.Config, hint)
	if got := ask(t, db, "SELECT count(*) FROM marketing.facts"); got != "1" {
		t.Errorf("%s rows, want the old one", got)
	}
	// A row that is too long for its many columns is no reason to lose the old ones.
	long := record.Table{Columns: []record.Column{{Name: "id", Type: record.Integer}}}
	for i := range 1200 {
		long.Columns = append(long.Columns, record.Column{Name: fmt.Sprint("n", i), Type: record.Integer})
	}
	b := record.NewBuilder(0, long, nil)
	for i := range 1201 {
		b.Integer(int64(i))
	}
	b.EndRow(nil)
	row, _ := b.Take()
	l := loadOf(long, &row)
	l.Tables[0].Name = "long"
	wantFault(t, attempt(t, sink, l, &row), fault.Data,
		`A row is longer than PostgreSQL stores: of many columns about 8 kB stay in the row itself. Leave columns out: write "drop" for them in [jobs.NAME.columns].`)
}

// TestPartitionedByItsOwner: a table that somebody partitioned takes loads like any
// other, its new columns included.
func TestPartitionedByItsOwner(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	execute(t, db, "CREATE SCHEMA marketing",
		"CREATE TABLE marketing.facts (id bigint, name text, amount numeric, _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL) PARTITION BY RANGE (id)",
		"CREATE INDEX ON marketing.facts (_slice)",
		"CREATE TABLE marketing.facts_low PARTITION OF marketing.facts FOR VALUES FROM (0) TO (3)",
		"CREATE TABLE marketing.facts_high PARTITION OF marketing.facts FOR VALUES FROM (3) TO (10)")
	bring(t, sink, batch(5, "a"))
	bring(t, sink, batch(6, "b"))
	bringShape(t, sink, wider(), wide(7))
	for sql, want := range map[string]string{
		"SELECT count(*) || ' ' || min(name) || ' ' || count(seen) FROM marketing.facts": "7 wide 7",
		"SELECT count(*) FROM ONLY marketing.facts_high":                                 "4",
	} {
		if got := ask(t, db, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	rows := batch(11, "c")
	err := attempt(t, sink, loadOf(facts, rows), rows)
	wantFault(t, err, fault.Config, "The table is partitioned, and no partition takes the rows. Let its owner add one (CREATE TABLE … PARTITION OF …), for example a DEFAULT partition.")
	if got := ask(t, db, count); got != "7 wide" {
		t.Errorf("rows %q, want the old ones", got)
	}
	rows = batch(5, "m")
	l := loadOf(facts, rows)
	l.Mode, l.Tables[0].Shape.Key = sinks.Merge, []string{"id"}
	deliver(t, sink, l, rows)
	l.Tables[0].Shape.Key, l.LoadID = []string{"name"}, "2"
	wantFault(t, attempt(t, sink, l, rows), fault.Config,
		`A merge finds rows by a unique index on their key, and the one of a partitioned table must have the columns it is partitioned by. Write write = "replace" in the job, or partition the table by columns of the key (name).`)
	if got := ask(t, db, count); got != "7 m" {
		t.Errorf("rows %q, want 7 m", got)
	}
}

// TestLargeTableWithoutAnIndex: the owner is told what every load costs.
func TestLargeTableWithoutAnIndex(t *testing.T) {
	const columns = "(id bigint, name text, amount numeric, _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL)"
	const text = `table "marketing"."facts" has no index that begins with _slice, so every load reads all of it`
	for name, c := range map[string]struct{ table, index string }{
		"one":                {"CREATE TABLE marketing.facts " + columns, "CREATE INDEX ON marketing.facts USING brin (_slice)"},
		"partitioned":        {"CREATE TABLE marketing.facts " + columns + " PARTITION BY RANGE (id); CREATE TABLE marketing.part PARTITION OF marketing.facts DEFAULT", "CREATE INDEX ON marketing.facts (_slice, id)"},
		"indexed partitions": {"CREATE TABLE marketing.facts " + columns + " PARTITION BY RANGE (id); CREATE TABLE marketing.part PARTITION OF marketing.facts DEFAULT", "CREATE INDEX ON marketing.part (_slice)"},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.Start(t).Database(t)
			sink, db := open(t, config(dsn)), connect(t, dsn)
			execute(t, db, "CREATE SCHEMA marketing", c.table, "CREATE INDEX ON marketing.facts (id, _slice)")
			rows := batch(1, "a")
			if said := deliver(t, sink, loadOf(facts, rows), rows); len(said) > 0 {
				t.Errorf("while it is small, the load says %q", said)
			}
			execute(t, db, "INSERT INTO marketing.facts SELECT n, repeat('x', 100), n, -1, now() FROM generate_series(1, 60000) n", "ANALYZE marketing.facts")
			said := deliver(t, sink, loadOf(facts, rows), rows)
			if len(said) != 1 || said[0].Text != text || !strings.Contains(said[0].Hint, `CREATE INDEX CONCURRENTLY ON "marketing"."facts" (_slice)`) {
				t.Errorf("the load says %q", said)
			}
			execute(t, db, c.index)
			if said := deliver(t, sink, loadOf(facts, rows), rows); len(said) > 0 {
				t.Errorf("with an index, the load says %q", said)
			}
		})
	}
}

// TestAnIndexKeepsNoReaderOut: the transaction that adds a column, whose lock keeps
// readers out, has ended before an index is built.
func TestAnIndexKeepsNoReaderOut(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(2, "a"))
	rows := wide(3)
	l := loadOf(wider(), rows)
	l.Mode, l.Tables[0].Shape.Key = sinks.Merge, []string{"id"}
	deliver(t, sink, l, rows)
	const xmin = "SELECT string_agg(DISTINCT a.xmin::text, ',') FROM pg_attribute a WHERE a.attname = 'seen' AND a.attrelid = 'marketing.facts'::regclass"
	const index = "SELECT string_agg(i.xmin::text, ',') FROM pg_index i WHERE i.indrelid = 'marketing.facts'::regclass AND i.indisunique"
	column, unique := ask(t, db, xmin), ask(t, db, index)
	if column == "" || unique == "" || column == unique {
		t.Errorf("column of transaction %q, index of %q: want two", column, unique)
	}
}
