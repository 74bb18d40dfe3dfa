package jobs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exporter/jobs/spool"
	"exporter/record"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
	"exporter/sinks/sqlite"
	"exporter/sources"
)

// value is what a vendor may send, and what becomes of it: the table of odd values in
// the README.
type value struct {
	column string // of the table: named for its type
	raw    string
	want   string // in every sink; "NULL"; "" with a reason
	reason string // why the row is rejected
}

const none, longNumber = "NULL", "1234567890"

var values = []value{
	{"float", "NaN", "", `"NaN" is not a finite number`},
	{"float", "-Infinity", "", `"-Infinity" is not a finite number`},
	{"numeric", "NaN", "", `"NaN" is not a decimal number`},
	{"numeric", "Infinity", "", `"Infinity" is not a decimal number`},
	{"date", "0000-00-00", none, ""},
	{"timestamp", "0000-00-00 00:00:00", none, ""},
	{"date", "0000-12-31", "", `"0000-12-31" is not a date`},
	{"date", "0001-01-01", "0001-01-01", ""},
	{"date", "9999-12-31", "9999-12-31", ""},
	{"date", "10000-01-01", "", `"10000-01-01" is not a date`},
	{"date", "5874898-01-01", "", `"5874898-01-01" is not a date`},
	{"date", "2026-02-30", "", `"2026-02-30" is not a date`},
	{"timestamp", "0000-12-31T23:59:59Z", "", "the time lies outside of the years 1 to 9999 (UTC)"},
	{"timestamp", "9999-12-31T23:59:59-14:00", "", "the time lies outside of the years 1 to 9999 (UTC)"},
	{"timestamp", "294277-01-01T00:00:00Z", "", `"294277-01-01T00:00:00Z" is not a date with time`},
	{"integer", "9223372036854775807", "9223372036854775807", ""},
	{"integer", "9223372036854775808", "", `"9223372036854775808" does not fit into 64 bits`},
	{"numeric", "9223372036854775808", "9223372036854775808", ""},
	{"numeric", strings.Repeat(longNumber, 100), strings.Repeat(longNumber, 100), ""},
	{"numeric", strings.Repeat(longNumber, 100) + "1", "", `"` + strings.Repeat(longNumber, 6) + `1234"… has more than 1000 digits`},
	{"numeric", "0.1234567890123456789", "0.1234567890123456789", ""},
	{"text", "", "", ""},
	{"text", none, none, ""},
	{"text", "a\x00b", "ab", ""},
	{"text", "caf\xe9", "caf\ufffd", ""},
	{"text", strings.Repeat("0123456789", 1<<20), strings.Repeat("0123456789", 1<<20), ""},
	{"json", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`, ""},
	{"json", `["\ud83d","\u0000x"]`, `["` + "\ufffd" + `","x"]`, ""},
	{"json", `1e99999`, `"1e99999"`, ""},
	{"json", `{"a":NaN}`, "", `"{\"a\":NaN}" is not JSON`},
	{"json", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("[", 1000) + strings.Repeat("]", 1000), ""},
	{"json", strings.Repeat("[", 1001) + strings.Repeat("]", 1001), "", "JSON is nested deeper than 1000 levels"},
}

// odd is a table with a column of each type that values can be odd in.
func odd() record.Table {
	t := record.Table{Columns: []record.Column{{Name: "row", Type: record.Integer}}}
	for _, typ := range []record.Type{record.Float, record.Numeric, record.Date, record.Timestamp, record.Integer, record.Text, record.JSON} {
		t.Columns = append(t.Columns, record.Column{Name: typ.String(), Type: typ})
	}
	return t
}

// TestOddValues takes each of them through the spool into each sink, and reads the
// table and its rejects back.
func TestOddValues(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	dir := t.TempDir()
	sp := spoolOfValues(t, dir)
	var kept, rejected []string
	for i, v := range values {
		if v.reason != "" {
			rejected = append(rejected, v.column+" "+v.reason)
			continue
		}
		kept = append(kept, fmt.Sprintf("%02d %s", i, v.want))
	}
	slices.Sort(rejected)
	for _, c := range []struct {
		name   string
		driver sinks.Driver
		set    func(sinks.Config)
		read   func(t *testing.T) (rows, rejects []string)
	}{
		{"postgres", postgres.Driver(), func(c sinks.Config) {
			p := c.(*postgres.Config)
			p.DSN, p.Schema = settings.Secret(dsn), "marketing"
		}, func(t *testing.T) (rows, rejects []string) { return postgresValues(t, dsn) }},
		{"sqlite", sqlite.Driver(), func(c sinks.Config) {
			c.(*sqlite.Config).Path = filepath.Join(dir, "data.db")
		}, func(t *testing.T) (rows, rejects []string) { return sqliteValues(t, filepath.Join(dir, "data.db")) }},
		{"files", lake.Files(), func(c sinks.Config) {
			f := c.(*lake.FilesConfig)
			f.Dir, f.Format, f.Compression = filepath.Join(dir, "lake"), "jsonl", "gzip"
		}, func(t *testing.T) (rows, rejects []string) { return fileValues(t, filepath.Join(dir, "lake")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := c.driver.Config()
			c.set(config)
			loadValues(t, c.driver, config, sp)
			rows, rejects := c.read(t)
			slices.Sort(rejects)
			if d := cmp.Diff(short(kept), short(rows)); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			if d := cmp.Diff(rejected, rejects); d != "" {
				t.Errorf("rejects (-want +got):\n%s", d)
			}
		})
	}
}

// short cuts what is long, and keeps its length.
func short(list []string) []string {
	list = slices.Clone(list)
	for i, s := range list {
		if len(s) > 200 {
			list[i] = fmt.Sprintf("%s… %d bytes", s[:100], len(s))
		}
	}
	return list
}

func spoolOfValues(t *testing.T, dir string) *spool.Spool {
	t.Helper()
	table := odd()
	b := record.NewBuilder(0, table, nil)
	for i, v := range values {
		b.Integer(int64(i))
		for _, c := range table.Columns[1:] {
			if c.Name == v.column && v.raw != none {
				b.Raw([]byte(v.raw))
			} else {
				b.Null()
			}
		}
		if b.EndRow(func() []byte { return []byte(v.raw) }) != (v.reason == "") {
			t.Errorf("%s %.60q: kept or rejected, and should not be", v.column, v.raw)
		}
	}
	root, err := spool.OpenRoot(filepath.Join(dir, "spool"), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	sp, _, err := root.Open(spool.Spec{Job: "odd", Interval: sources.Interval{Start: start, End: start.AddDate(0, 0, 1)}, Definition: "d", Tables: []record.Table{table}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sp.Close(); err != nil {
			t.Error(err)
		}
	})
	page := sources.Page{Announced: int64(len(values)), Next: &sources.Checkpoint{}}
	page.Batch, page.Rejects = b.Take()
	for _, step := range []func() error{func() error { return sp.Append(&page) }, func() error { return sp.Checkpoint(page) }, sp.Finish} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return sp
}

func loadValues(t *testing.T, driver sinks.Driver, config sinks.Config, sp *spool.Spool) {
	t.Helper()
	if p := config.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	sink, err := driver.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	}()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	w, err := sink.Begin(t.Context(), sinks.Load{
		Slice: sinks.Slice{Job: "odd", Start: start, End: start.AddDate(0, 0, 1)}, Run: "run", LoadID: "load", Mode: sinks.Replace, Definition: "d",
		Tables:    []sinks.Table{{Name: "odd", Shape: odd(), Tally: sp.Tallies()[0], Rejected: sp.Rejected()[0]}},
		Announced: int64(len(values)), Read: int64(len(values)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range sp.Batches() {
		if err == nil {
			err = w.Write(t.Context(), b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func postgresValues(t *testing.T, dsn string) (rows, rejects []string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.WithoutCancel(t.Context())) }()
	for sql, into := range map[string]*[]string{
		`SELECT to_char(row, 'FM00') || ' ' || coalesce(float::text, numeric::text, date::text, timestamp::text, integer::text, text,
			replace(replace(json::text, ', ', ','), ': ', ':'), 'NULL') FROM marketing.odd ORDER BY row`: &rows,
		`SELECT "column" || ' ' || reason FROM marketing.odd_rejects WHERE raw IS NOT NULL`: &rejects,
	} {
		found, err := db.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		if *into, err = pgx.CollectRows(found, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
	}
	return rows, rejects
}

func sqliteValues(t *testing.T, path string) (rows, rejects []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for text, into := range map[string]*[]string{
		`SELECT printf('%02d', row) || ' ' || coalesce(float, numeric, date || '', timestamp || '', integer, text, json, 'NULL') FROM odd ORDER BY row`: &rows,
		`SELECT "column" || ' ' || reason FROM odd_rejects WHERE raw IS NOT NULL`:                                                                       &rejects,
	} {
		*into = sqliteTexts(t, db, text)
	}
	return rows, rejects
}

func sqliteTexts(t *testing.T, db *sql.DB, query string) (cells []string) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var cell string
		if err := found.Scan(&cell); err != nil {
			t.Fatal(err)
		}
		cells = append(cells, strings.ReplaceAll(cell, `\ufffd`, "\ufffd"))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}

func fileValues(t *testing.T, dir string) (rows, rejects []string) {
	t.Helper()
	for _, object := range fileObjects(t, dir, "odd") {
		text := none
		for name, cell := range object {
			if name == "row" || string(cell) == "null" {
				continue
			}
			text = strings.Trim(string(cell), `"`) // of numbers that a double does not hold
			if name == "json" {
				text = string(cell)
			}
			if name == "text" || name == "date" || name == "timestamp" {
				if err := json.Unmarshal(cell, &text); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows = append(rows, fmt.Sprintf("%02s %s", object["row"], strings.ReplaceAll(text, `\ufffd`, "\ufffd")))
	}
	for _, object := range fileObjects(t, dir, "odd_rejects") {
		var column, reason string
		if err := json.Unmarshal(object["column"], &column); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(object["reason"], &reason); err != nil {
			t.Fatal(err)
		}
		rejects = append(rejects, column+" "+reason)
	}
	return rows, rejects
}

func fileObjects(t *testing.T, dir, table string) (list []map[string]json.RawMessage) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, table, "dt=*", "*.jsonl.gz"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("objects of %s: %q, %v", table, paths, err)
	}
	packed, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(line, &object); err != nil {
			t.Fatal(err)
		}
		list = append(list, object)
	}
	return list
}
