package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"exporter/record"
	"exporter/sinks"
)

func list(names []string) string { return strings.Join(names, ", ") }

// owned is true for rows (t) of the slices of one job and part, ?1 and ?2.
const owned = "t." + sliceColumn + " IN (SELECT _slice FROM " + slicesTable + " WHERE job = ?1 AND part = ?2)"

// applyKeyed brings staged rows in by key.
func (w *writer) applyKeyed(ctx context.Context, k keyed, t sinks.Table) error {
	if err := w.checkKey(ctx, k, t); err != nil {
		return err
	}
	at, job, part := timeText(w.loadedAt), w.load.Slice.Job, w.load.Slice.Part
	run := func(e edit, args ...any) error {
		if err := w.edit(ctx, t.Name, e, args...); err != nil {
			return fmt.Errorf("%s into %s: %w", w.load.Mode, t.Name, err)
		}
		return nil
	}
	if w.load.Mode == sinks.Merge {
		start, _ := bounds(w.load.Slice)
		return run(k.merge(), start, w.at.slice, at)
	}
	if err := run(k.change(), job, part, w.at.slice, at); err != nil {
		return err
	}
	if err := run(edit{do: k.found()}, job, part); err != nil {
		return err
	}
	if err := run(k.insert(), w.at.slice, at); err != nil {
		return err
	}
	if err := run(edit{do: "DROP TABLE " + foundTable}); err != nil {
		return err
	}
	return w.markAbsent(ctx, t.Name, " AND NOT EXISTS (SELECT 1 FROM "+k.stage+" AS s WHERE "+k.meet()+")")
}

// markAbsent marks or removes rows of job and part that are no longer there.
func (w *writer) markAbsent(ctx context.Context, table, where string) error {
	target, args := mainTable(table)+" AS t", []any{w.load.Slice.Job, w.load.Slice.Part}
	where = " WHERE " + owned + where
	e := edit{what: "deleted", do: "DELETE FROM " + target + where}
	if w.load.Absent != sinks.AbsentDrop {
		where += " AND t." + absentColumn + " IS NULL"
		e = edit{what: "changed", do: "UPDATE " + target + " SET " + absentColumn + " = ?3" + where}
		args = append(args, timeText(w.loadedAt))
	}
	e.of, e.given = target+where, 2
	if err := w.edit(ctx, table, e, args...); err != nil {
		return fmt.Errorf("snapshot into %s: %w", table, err)
	}
	return nil
}

// checkKey refuses staged rows that a key does not tell apart, and makes the index
// that finds them by it.
func (w *writer) checkKey(ctx context.Context, k keyed, t sinks.Table) error {
	for i, column := range k.key {
		var nulls int64
		if err := w.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+k.stage+" WHERE "+column+" IS NULL").Scan(&nulls); err != nil {
			return fmt.Errorf("look for empty keys: %w", err)
		}
		if nulls > 0 {
			return sinks.KeyEmpty(t.Name, t.Shape.Key[i], nulls)
		}
	}
	name := strings.TrimPrefix(k.stage, "temp.")
	_, err := w.conn.ExecContext(ctx, "CREATE UNIQUE INDEX "+k.stage+"_key ON "+name+" ("+list(k.key)+")")
	if err == nil || !is(err, sqlite3.SQLITE_CONSTRAINT) {
		return err
	}
	parts := make([]string, len(k.key))
	for i, column := range k.key {
		parts[i] = literal(t.Shape.Key[i]+"=") + " || CAST(" + column + " AS TEXT)"
	}
	var key string
	var times int64
	err = w.conn.QueryRowContext(ctx, "SELECT "+strings.Join(parts, " || ', ' || ")+", count(*) FROM "+k.stage+
		" GROUP BY "+list(k.key)+" HAVING count(*) > 1 LIMIT 1").Scan(&key, &times)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for keys that come twice: %w", err)
	}
	return sinks.KeyTwice(t.Name, key, times)
}

// keyed writes the statements by which staged rows (s) meet those of a table (t).
// All names are quoted.
type keyed struct {
	target, stage string
	columns       []record.Column
	key           []string
	rest          []string // columns that are not of the key
	void          []string // columns of the table that are null in every row of the load
}

func newKeyed(s *stage, t sinks.Table) keyed {
	k := keyed{target: mainTable(t.Name), stage: s.table, columns: s.columns, key: idents(t.Shape.Key), void: idents(s.void)}
	for _, c := range s.columns {
		if !slices.Contains(t.Shape.Key, c.Name) {
			k.rest = append(k.rest, ident(c.Name))
		}
	}
	return k
}

func pairs(columns []string, operator string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "t." + c + " " + operator + " s." + c
	}
	return and(parts)
}

// and joins conditions. SQLite refuses a chain of more than 1,000.
func and(parts []string) string {
	const most = 500
	if len(parts) <= most {
		return strings.Join(parts, " AND ")
	}
	half := len(parts) / 2
	return "(" + and(parts[:half]) + ") AND (" + and(parts[half:]) + ")"
}

// meet is true for rows of one key.
func (k keyed) meet() string { return pairs(k.key, "=") }

// same is true for rows of one key whose other columns are the same as well.
func (k keyed) same() string {
	text := "true"
	if len(k.rest) > 0 {
		text = pairs(k.rest, "IS")
	}
	for _, c := range k.void {
		text += " AND t." + c + " IS NULL"
	}
	return text
}

// add is an INSERT of staged rows; slice and time are the parameters after those of
// the condition.
func (k keyed) add(where, conflict string, given int) edit {
	from := k.stage + " AS s WHERE " + where
	return edit{
		what: "inserted", of: from, given: given,
		do: fmt.Sprintf("INSERT INTO %s (%s) SELECT s.%s, ?%d, ?%d FROM %s%s",
			k.target, list(withLineage(k.columns)), strings.Join(columnNames(k.columns), ", s."), given+1, given+2, from, conflict),
	}
}

// merge leaves out what would not change, and what a slice that starts later than
// ?1 has brought, before anything is written.
func (k keyed) merge() edit {
	var set []string
	for _, c := range append(slices.Clone(k.rest), sliceColumn, loadedColumn) {
		set = append(set, c+" = excluded."+c)
	}
	for _, c := range k.void {
		set = append(set, c+" = NULL")
	}
	return k.add("NOT EXISTS (SELECT 1 FROM "+k.target+" AS t JOIN "+slicesTable+" AS o ON o._slice = t."+sliceColumn+
		" WHERE "+k.meet()+" AND (o.interval_start > ?1 OR o.interval_start = ?1 AND "+k.same()+"))",
		" ON CONFLICT ("+list(k.key)+") DO UPDATE SET "+list(set), 1)
}

// change updates the rows of job and part that differ or come back.
func (k keyed) change() edit {
	var set []string
	for _, c := range k.rest {
		set = append(set, c+" = s."+c)
	}
	for _, c := range k.void {
		set = append(set, c+" = NULL")
	}
	set = append(set, sliceColumn+" = ?3", loadedColumn+" = ?4", absentColumn+" = NULL")
	where := " WHERE " + owned + " AND " + k.meet() + " AND (t." + absentColumn + " IS NOT NULL OR NOT (" + k.same() + "))"
	return edit{
		what: "changed", do: "UPDATE " + k.target + " AS t SET " + list(set) + " FROM " + k.stage + " AS s" + where,
		of: k.target + " AS t, " + k.stage + " AS s" + where, given: 2,
	}
}

// foundTable has the rowid of every staged row that job and part have already: in
// the table itself only an index on the key would find it.
const foundTable = "temp.exporter_found"

func (k keyed) found() string {
	return "CREATE TEMP TABLE exporter_found AS SELECT s.rowid AS id FROM " + k.target + " AS t CROSS JOIN " + k.stage + " AS s WHERE " + owned + " AND " + k.meet()
}

// insert adds the rows that job and part do not have.
func (k keyed) insert() edit {
	return k.add("s.rowid NOT IN (SELECT id FROM "+foundTable+")", "", 0)
}
