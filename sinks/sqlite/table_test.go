package sqlite_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "data.db") }

func TestTableAsMade(t *testing.T) {
	path := newFile(t)
	bring(t, open(t, path), batch(2, "a"))
	db := connect(t, path)
	for text, want := range map[string]string{
		"SELECT sql FROM sqlite_schema WHERE name = 'facts'":                                                                                                                           `CREATE TABLE "facts" ("id" INTEGER, "name" TEXT, "amount" DECIMAL REAL, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL)`,
		"SELECT group_concat(sql, ';') FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'facts'":                                                                                 `CREATE INDEX "exporter_slice_facts" ON "facts" (_slice)`,
		"SELECT count(*) FROM facts JOIN exporter_slices s USING (_slice) WHERE _loaded_at = s.loaded_at":                                                                              "2",
		"SELECT group_concat(column_name || ' ' || type || ' ' || original_name || ': ' || description, '; ') FROM exporter_columns WHERE table_name = 'facts' AND column_name <> ''":  `_loaded_at timestamp : When the row was loaded.; _slice integer : The slice that loaded the row: _slice of exporter_slices.; amount numeric : Net.; id integer : ; name text Campaign Name: What it's "called" \ here.`,
		"SELECT description FROM exporter_columns WHERE table_name = 'facts' AND column_name = ''":                                                                                     "Facts of the vendor's report.",
		"SELECT count(*) FROM sqlite_schema WHERE name LIKE '%rejects'":                                                                                                                "0",
		"SELECT count(*) FROM pragma_table_info('exporter_slices') p LEFT JOIN exporter_columns c ON c.table_name = 'exporter_slices' AND c.column_name = p.name WHERE c.type IS NULL": "0",
		"SELECT journal_mode FROM pragma_journal_mode":                                                                                                                                 "wal",
	} {
		if got := ask(t, db, text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestQueries are those an analyst writes without thinking about types.
func TestQueries(t *testing.T) {
	path := newFile(t)
	shape := record.Table{Columns: []record.Column{
		{Name: "id", Type: record.Integer},
		{Name: "cost", Type: record.Numeric},
		{Name: "clicks", Type: record.Integer},
		{Name: "at", Type: record.Timestamp},
		{Name: "on_day", Type: record.Date},
		{Name: "ok", Type: record.Boolean},
		{Name: "more", Type: record.JSON},
		{Name: "wall", Type: record.LocalTime},
	}}
	b := record.NewBuilder(0, shape, nil)
	for _, row := range [][]string{
		{"1", "9.10", "3", "2026-03-01T23:59:59.5Z", "2026-03-01", "true", `{"a": 1.50, "b": [7]}`, "2026-03-01 10:00:00"},
		{"2", "100.00", "3", "2026-03-02T00:00:00Z", "2026-03-02", "false", "12345678901234567890.5", "2026-03-02 10:00:00"},
		{"3", "-20", "3", "2026-03-02T00:00:00.000001Z", "2026-03-02", "true", "null", "2026-03-02 10:00:00.25"},
		{"4", "12345678901234567890.1", "3", "2026-03-03T08:00:00Z", "2026-03-03", "true", `"x"`, "2026-03-03 10:00:00"},
	} {
		for _, c := range row {
			b.Raw([]byte(c))
		}
		b.EndRow(func() []byte { t.Error("row is rejected"); return nil })
	}
	rows, _ := b.Take()
	if err := try(t, open(t, path), loadOf(shape, &rows), &rows); err != nil {
		t.Fatal(err)
	}
	db := connect(t, path)
	for text, want := range map[string]string{
		"SELECT group_concat(id) FROM (SELECT id FROM facts WHERE typeof(cost) <> 'blob' ORDER BY cost)": "3,1,2",
		"SELECT group_concat(id) FROM facts WHERE cost > 10 AND typeof(cost) <> 'blob'":                  "2",
		"SELECT cost / clicks FROM facts WHERE id = 2":                                                   "33.333333333333336",
		"SELECT round(sum(cost), 2) FROM facts WHERE id < 4":                                             "89.1",
		"SELECT id FROM facts WHERE cost = 9.1":                                                          "1",
		"SELECT CAST(cost AS TEXT) FROM facts WHERE id = 4":                                              "12345678901234567890.1",
		"SELECT typeof(cost) FROM facts WHERE id = 4":                                                    "blob",
		"SELECT group_concat(id) FROM (SELECT id FROM facts ORDER BY at)":                                "1,2,3,4",
		"SELECT group_concat(id) FROM facts WHERE at >= '2026-03-02' AND at < datetime('2026-03-03')":    "2,3",
		"SELECT strftime('%H:%M:%f', at) FROM facts WHERE id = 1":                                        "23:59:59.500",
		"SELECT date(at, '+1 second') FROM facts WHERE id = 1":                                           "2026-03-02",
		"SELECT unixepoch(at) FROM facts WHERE id = 2":                                                   "1772409600",
		"SELECT group_concat(id) FROM facts WHERE on_day = date('2026-03-01', '+1 day')":                 "2,3",
		"SELECT count(*) FROM facts WHERE ok":                                                            "3",
		"SELECT more ->> '$.b[0]' FROM facts WHERE id = 1":                                               "7",
		"SELECT more FROM facts WHERE id = 1":                                                            `{"a": 1.50, "b": [7]}`,
		"SELECT more FROM facts WHERE id = 2":                                                            "12345678901234567890.5",
		"SELECT time(wall) FROM facts WHERE id = 3":                                                      "10:00:00",
	} {
		if got := ask(t, db, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestMergeFindsRowsByIndex(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	rows := batch(3, "a")
	l := loadOf(facts, rows)
	l.Mode = sinks.Merge
	if err := try(t, sink, l, rows); err != nil {
		t.Fatal(err)
	}
	if got, want := ask(t, db, "SELECT sql FROM sqlite_schema WHERE name = 'exporter_key_facts'"), `CREATE UNIQUE INDEX "exporter_key_facts" ON "facts" ("id")`; got != want {
		t.Errorf("index is %q, want %q", got, want)
	}
	// One that somebody made is as good.
	execute(t, db, "DROP INDEX exporter_key_facts", "CREATE UNIQUE INDEX mine ON facts (id)")
	l.LoadID = "again"
	if err := try(t, sink, l, rows); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, "SELECT count(*) FROM sqlite_schema WHERE name = 'exporter_key_facts'"); got != "0" {
		t.Error("a second index was made beside one on the same columns")
	}
}

// TestRefusedTables: what stands in a table's place, and what to do about it.
func TestRefusedTables(t *testing.T) {
	merge := func(l *sinks.Load) { l.Mode = sinks.Merge }
	for name, c := range map[string]struct {
		prepare string
		change  func(*sinks.Load)
		message string
		hint    string
	}{
		"a view": {
			prepare: "CREATE VIEW facts AS SELECT 1 AS id",
			message: "facts is not a table but a view",
			hint:    "Something else has that name. Set another table in the job.",
		},
		"somebody's table": {
			prepare: "CREATE TABLE Facts (id INTEGER, name TEXT, amount DECIMAL REAL)",
			message: "table facts is there already, but without the column _slice INTEGER: the exporter did not make it",
			hint:    "Set another table in the job.",
		},
		"a generated column": {
			prepare: "CREATE TABLE facts (id INTEGER, name TEXT, amount DECIMAL REAL GENERATED ALWAYS AS (id * 2), _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL)",
			message: "column amount of table facts is generated: nobody else can write it",
			hint:    `Run: ALTER TABLE "facts" RENAME COLUMN "amount" TO "amount_generated"; or leave the vendor's column out: write amount = "drop" in [jobs.NAME.columns].`,
		},
		"a column that must not be empty": {
			prepare: "CREATE TABLE facts (id INTEGER, name INTEGER NOT NULL, amount DECIMAL REAL, checked BOOLEAN NOT NULL, seen TEXT NOT NULL DEFAULT '', n INTEGER PRIMARY KEY NOT NULL, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL)",
			message: "column checked, name of table facts is NOT NULL without a default, and the job delivers nothing that it can hold",
			hint:    `Put the table aside: ALTER TABLE "facts" RENAME TO "facts_old"; the next run makes it anew and loads what is due.`,
		},
		"a key of another type": {
			prepare: "CREATE TABLE facts (id TEXT, name TEXT, amount DECIMAL REAL, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL)",
			change:  merge,
			message: "column id of table facts is TEXT, the job delivers INTEGER",
			hint:    `Put the old column aside: ALTER TABLE "facts" RENAME COLUMN "id" TO "id_old"; and load the slices again. Or keep the old type: write id = "text" in [jobs.NAME.columns].`,
		},
		"not unique": {
			prepare: "CREATE TABLE facts (id INTEGER, name TEXT, amount DECIMAL REAL, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL); INSERT INTO facts (id, _slice, _loaded_at) VALUES (1, 1, ''), (1, 1, '')",
			change:  merge,
			message: "rows of table facts are not unique by id",
			hint:    `The table was filled in another write mode. Set another table in the job, or write write = "replace".`,
		},
		"another key": {
			prepare: "CREATE TABLE facts (id INTEGER, name TEXT, amount DECIMAL REAL, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL); CREATE UNIQUE INDEX exporter_key_facts ON facts (id, name)",
			change:  merge,
			message: "index exporter_key_facts is there, but not on id",
			hint:    `The key of the rows has changed. Run: DROP INDEX "exporter_key_facts";`,
		},
		"name of ours": {
			change:  func(l *sinks.Load) { l.Tables[0].Name = "Exporter_slices" },
			message: "table name Exporter_slices begins with exporter_, which is for other tables of the file",
			hint:    "Set another table in the job.",
		},
		"name of SQLite's": {
			change:  func(l *sinks.Load) { l.Tables[0].Name = "sqlite_facts" },
			message: "table name sqlite_facts begins with sqlite_, which is for other tables of the file",
			hint:    "Set another table in the job.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := newFile(t)
			execute(t, connect(t, path), "PRAGMA user_version = 1")
			if c.prepare != "" {
				execute(t, connect(t, path), c.prepare)
			}
			rows := batch(1, "a")
			l := loadOf(facts, rows)
			if c.change != nil {
				c.change(&l)
			}
			err := try(t, open(t, path), l, rows)
			wantFault(t, err, fault.Config, c.hint)
			if err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %v\nwant %s", err, c.message)
			}
		})
	}
}

func TestOddNames(t *testing.T) {
	path := newFile(t)
	shape := facts
	shape.Columns = slices.Clone(facts.Columns)
	shape.Columns[1].Name = `se"lect`
	rows := batch(2, "a")
	for _, mode := range []sinks.Mode{sinks.Merge, sinks.Merge, sinks.Snapshot} {
		l := loadOf(shape, rows)
		l.Mode, l.Tables[0].Name = mode, `Or"der's 'table'; é `+string(mode)
		if err := try(t, open(t, path), l, rows); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff("2", ask(t, connect(t, path), `SELECT count("se""lect") FROM "or""der's 'table'; é merge"`)); d != "" {
		t.Error(d)
	}
}
