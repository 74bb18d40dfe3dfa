package sqlite_test

import (
	"strings"
	"testing"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// told loads batches and returns what the sink has to say of columns.
func told(t *testing.T, s sinks.Sink, shape record.Table, batches ...*record.Batch) []sinks.Notice {
	t.Helper()
	var list []sinks.Notice
	l := loadOf(shape, batches...)
	l.Notice = func(n sinks.Notice) { list = append(list, n) }
	if err := try(t, s, l, batches...); err != nil {
		t.Fatalf("load: %v (%s)", err, fault.HintOf(err))
	}
	return list
}

// TestFold: what the notice tells the owner to do makes one column of the two.
func TestFold(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	execute(t, db, "CREATE TABLE facts (id INTEGER, name TEXT, amount INTEGER, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL)",
		"INSERT INTO facts VALUES (7, 'old', 3, -1, '')", "CREATE VIEW amounts AS SELECT id, amount FROM facts", "CREATE INDEX mine ON facts (amount)")
	said := told(t, sink, facts, batch(2, "new"))
	const want = `To fold the two, run: ALTER TABLE "facts" RENAME COLUMN "amount" TO "amount_old"; ALTER TABLE "facts" RENAME COLUMN "amount__numeric" TO "amount"; ` +
		`UPDATE "facts" SET "amount" = "amount_old" WHERE "amount" IS NULL; ALTER TABLE "facts" DROP COLUMN "amount_old"; the next load uses "amount" again. ` +
		`Until then read coalesce("amount__numeric", "amount"). Or keep the old type: write amount = "integer" in [jobs.NAME.columns].`
	if len(said) != 2 || said[1].Hint != want || said[1].Text != "column amount of table facts is INTEGER, the job delivers DECIMAL REAL: its values go to column amount__numeric" {
		t.Fatalf("the load says %q", said)
	}
	if got := ask(t, db, "SELECT group_concat(run || ' ' || job || ' ' || table_name || ' ' || statement) FROM exporter_schema_changes"); got != `run-1 facts facts ALTER TABLE main."facts" ADD COLUMN "amount__numeric" DECIMAL REAL` {
		t.Errorf("recorded %s", got)
	}
	if got := ask(t, db, "SELECT group_concat(coalesce(amount__numeric, amount)) FROM (SELECT * FROM facts ORDER BY id)"); got != "0.25,1.25,3" {
		t.Errorf("read as told: %s", got)
	}
	execute(t, db, "DROP VIEW amounts", "DROP INDEX mine") // they hold the column
	_, statements, _ := strings.Cut(said[1].Hint, "run: ")
	statements, _, _ = strings.Cut(statements, "; the next load")
	execute(t, db, strings.Split(statements, "; ")...)
	if said := told(t, sink, facts, batch(3, "newer")); len(said) > 0 {
		t.Errorf("the load after says %v", said)
	}
	if got := ask(t, db, "SELECT group_concat(amount) FROM (SELECT * FROM facts ORDER BY id)"); got != "0.25,1.25,2.25,3.0" {
		t.Errorf("folded: %s", got)
	}
	if got := ask(t, db, "SELECT count(*) FROM pragma_table_info('facts')"); got != "5" {
		t.Errorf("the table has %s columns, want 5", got)
	}
}

// TestViewsIndexesAndTriggersSurvive loads, a new column and a replaced slice.
func TestViewsIndexesAndTriggersSurvive(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	bring(t, sink, batch(2, "a"))
	execute(t, db, "CREATE VIEW total AS SELECT sum(amount) AS total FROM facts", "CREATE INDEX mine ON facts (name)",
		"CREATE TABLE seen (id INTEGER)", "CREATE TRIGGER note AFTER INSERT ON facts BEGIN INSERT INTO seen VALUES (new.id); END")
	bring(t, sink, batch(3, "b"))
	wider := facts
	wider.Columns = append(wider.Columns[:3:3], record.Column{Name: "more", Type: record.Text})
	b := record.NewBuilder(0, wider, nil)
	b.Integer(9)
	b.Text([]byte("c"))
	b.Raw([]byte("4.5"))
	b.Text([]byte("more"))
	b.EndRow(nil)
	rows, _ := b.Take()
	told(t, sink, wider, &rows)
	for text, want := range map[string]string{
		"SELECT total FROM total":                                "4.5",
		"SELECT group_concat(id) FROM seen":                      "0,1,2,9",
		"SELECT id FROM facts INDEXED BY mine WHERE name = 'c'":  "9",
		"SELECT count(*) FROM sqlite_schema WHERE name = 'mine'": "1",
	} {
		if got := ask(t, db, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestManyColumns(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	shape, rows := many(1600)
	for _, mode := range []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Snapshot} {
		for range 2 {
			l := loadOf(shape, rows)
			l.Mode, l.Slice.Job, l.Tables[0].Name = mode, string(mode), string(mode)
			if err := try(t, sink, l, rows); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
		}
		if got := ask(t, db, "SELECT count(*) || c1599 FROM \""+string(mode)+"\""); got != "1x" {
			t.Errorf("%s: %q, want 1x", mode, got)
		}
	}
	shape, rows = many(1998)
	err := try(t, sink, loadOf(shape, rows), rows)
	wantFault(t, err, fault.Config, `Ask the source for fewer columns, or leave some out: write "drop" for them in [jobs.NAME.columns].`)
}
