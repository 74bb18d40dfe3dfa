package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// stageOf names the temporary table that takes a table's rows before they meet
// those that are there.
func stageOf(table int) string { return "pg_temp.exporter_stage_" + strconv.Itoa(table) }

// stage makes the temporary tables of a mode that finds rows by key.
func (w *writer) stage() error {
	if !w.load.Keyed() {
		return nil
	}
	for i, t := range w.load.Tables {
		var columns []string
		for _, c := range w.fits[t.Name].Shape.Columns {
			columns = append(columns, ident(c.Name)+" "+typeName(c.Type))
		}
		for _, l := range lineage {
			columns = append(columns, l.name+" "+l.typ)
		}
		_, err := w.tx.Exec(w.life, "CREATE TEMPORARY TABLE "+stageOf(i)+" ("+strings.Join(columns, ", ")+") ON COMMIT DROP")
		if is(err, denied) {
			return fault.New(fault.Auth, "make a temporary table: %w", err).
				WithHint("Let the owner of the database run: GRANT TEMPORARY ON DATABASE %s TO %s;", ident(w.tx.Conn().Config().Database), ident(w.sink.user))
		}
		if err != nil {
			return fmt.Errorf("make a temporary table: %w", err)
		}
	}
	return nil
}

// apply brings staged rows into their tables.
func (w *writer) apply() error {
	if !w.load.Keyed() {
		return nil
	}
	var owners []int64
	if w.load.Mode == sinks.Snapshot {
		err := w.tx.QueryRow(w.life, "SELECT array_agg(_slice) FROM "+w.sink.slices()+" WHERE table_schema = $3 AND job = $1 AND part = $2", w.load.Slice.Job, w.load.Slice.Part, w.sink.schema).Scan(&owners)
		if err != nil {
			return fmt.Errorf("look for the slices of job and part: %w", err)
		}
		// All rows of job and part meet all staged ones. What the planner thinks of
		// a table that nobody analyzed yet must not make that a nested loop.
		if _, err := w.tx.Exec(w.life, "SELECT set_config('enable_nestloop', 'off', true)"); err != nil {
			return fmt.Errorf("set up transaction: %w", err)
		}
	}
	for i, t := range w.load.Tables {
		k := newKeyed(w.sink.schema, i, t.Name, w.fits[t.Name])
		if err := w.checkKey(k, t); err != nil {
			return err
		}
		if err := w.applyTable(k, t.Name, owners); err != nil {
			return fmt.Errorf("%s into %s: %w", w.load.Mode, t.Name, err)
		}
	}
	return w.leftOut(owners)
}

func (w *writer) applyTable(k keyed, name string, owners []int64) error {
	// Nothing analyzes a temporary table by itself.
	if _, err := w.tx.Exec(w.life, "ANALYZE "+k.stage); err != nil {
		return err
	}
	if w.load.Mode == sinks.Merge {
		start, _ := bounds(w.load.Slice)
		return w.exec(name, k.merge(w.sink.slices()), start)
	}
	if err := w.exec(name, k.change(), owners); err != nil {
		return err
	}
	if err := w.exec(name, k.insert(), owners); err != nil {
		return err
	}
	return w.markAbsent(name, " AND NOT EXISTS (SELECT FROM "+k.stage+" s WHERE "+k.meet()+")", owners)
}

// markAbsent marks or removes rows of job and part that are no longer there.
func (w *writer) markAbsent(name, where string, owners []int64) error {
	target := ident(w.sink.schema, name)
	where = " WHERE t." + sliceColumn + " = ANY($1)" + where
	if w.load.Absent == sinks.AbsentDrop {
		return w.exec(name, edit{"deleted", "DELETE FROM " + target + " t" + where, target + " t" + where}, owners)
	}
	where += " AND t." + absentColumn + " IS NULL"
	at := w.loadedAt.UTC().Format(time.RFC3339Nano)
	return w.exec(name, edit{"changed", "UPDATE " + target + " t SET " + absentColumn + " = " + literal(at) + where, target + " t" + where}, owners)
}

// leftOut is about tables of the snapshot before that this one does not bring:
// none of their rows is there any more.
func (w *writer) leftOut(owners []int64) error {
	if w.load.Mode != sinks.Snapshot {
		return nil
	}
	var names []string
	for _, name := range w.at.previous {
		if !slices.ContainsFunc(w.load.Tables, func(t sinks.Table) bool { return t.Name == name }) {
			names = append(names, name)
		}
	}
	there, err := w.tablesWith(absentColumn, names)
	if err != nil {
		return err
	}
	for _, name := range there {
		if err := w.markAbsent(name, "", owners); err != nil {
			return fmt.Errorf("snapshot into %s: %w", name, err)
		}
	}
	return nil
}

// checkKey refuses staged rows that a key does not tell apart.
func (w *writer) checkKey(k keyed, t sinks.Table) error {
	for i, column := range k.key {
		var nulls int64
		if err := w.tx.QueryRow(w.life, "SELECT count(*) FROM "+k.stage+" WHERE "+column+" IS NULL").Scan(&nulls); err != nil {
			return fmt.Errorf("look for empty keys: %w", err)
		}
		if nulls > 0 {
			return sinks.KeyEmpty(t.Name, t.Shape.Key[i], nulls)
		}
	}
	var parts []string
	for i, column := range k.key {
		parts = append(parts, "concat("+literal(t.Shape.Key[i]+"=")+", "+column+")")
	}
	var key string
	var times int64
	err := w.tx.QueryRow(w.life, "SELECT concat_ws(', ', "+strings.Join(parts, ", ")+"), count(*) FROM "+k.stage+
		" GROUP BY "+strings.Join(k.key, ", ")+" HAVING count(*) > 1 LIMIT 1").Scan(&key, &times)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
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

func newKeyed(schema string, index int, name string, f sinks.Fit) keyed {
	k := keyed{target: ident(schema, name), stage: stageOf(index), columns: f.Shape.Columns, key: idents(f.Shape.Key), void: idents(f.Void)}
	for _, c := range f.Shape.Columns {
		if !slices.Contains(f.Shape.Key, c.Name) {
			k.rest = append(k.rest, ident(c.Name))
		}
	}
	return k
}

// meet is true for rows of one key.
func (k keyed) meet() string {
	list := make([]string, len(k.key))
	for i, c := range k.key {
		list[i] = "t." + c + " = s." + c
	}
	return strings.Join(list, " AND ")
}

// same is true for rows of one key whose other columns are the same as well.
func (k keyed) same() string {
	text := "true"
	if len(k.rest) > 0 {
		text = "ROW(t." + strings.Join(k.rest, ", t.") + ") IS NOT DISTINCT FROM ROW(s." + strings.Join(k.rest, ", s.") + ")"
	}
	for _, c := range k.void {
		text += " AND t." + c + " IS NULL"
	}
	return text
}

// set lists what a row that is there gets from another.
func (k keyed) set(from string) string {
	var list []string
	for _, c := range append(slices.Clone(k.rest), sliceColumn, loadedColumn) {
		list = append(list, c+" = "+from+"."+c)
	}
	for _, c := range k.void {
		list = append(list, c+" = NULL")
	}
	return strings.Join(list, ", ")
}

// add is an INSERT of staged rows.
func (k keyed) add(where, conflict string) edit {
	names, from := withLineage(k.columns), k.stage+" s WHERE "+where
	return edit{
		"inserted", "INSERT INTO " + k.target + " (" + strings.Join(names, ", ") + ") SELECT s." + strings.Join(names, ", s.") + " FROM " + from + conflict, from,
	}
}

// merge leaves out what would not change, and what a slice that starts later than
// $1 has brought, before anything is written: rows that ON CONFLICT meets are locked
// and written anew, whether they change or not.
func (k keyed) merge(slices string) edit {
	return k.add("NOT EXISTS (SELECT FROM "+k.target+" t JOIN "+slices+" o ON o._slice = t."+sliceColumn+
		" WHERE "+k.meet()+" AND (o.interval_start > $1 OR o.interval_start = $1 AND "+k.same()+"))",
		" ON CONFLICT ("+strings.Join(k.key, ", ")+") DO UPDATE SET "+k.set("EXCLUDED"))
}

// change updates the rows of job and part that differ or come back.
func (k keyed) change() edit {
	where := " WHERE t." + sliceColumn + " = ANY($1) AND " + k.meet() + " AND (t." + absentColumn + " IS NOT NULL OR NOT (" + k.same() + "))"
	return edit{
		"changed", "UPDATE " + k.target + " t SET " + k.set("s") + ", " + absentColumn + " = NULL FROM " + k.stage + " s" + where,
		k.target + " t, " + k.stage + " s" + where,
	}
}

// insert adds the rows that job and part do not have.
func (k keyed) insert() edit {
	return k.add("NOT EXISTS (SELECT FROM "+k.target+" t WHERE t."+sliceColumn+" = ANY($1) AND "+k.meet()+")", "")
}
