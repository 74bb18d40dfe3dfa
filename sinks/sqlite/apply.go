package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"exporter/fault"
	"exporter/sinks"
)

// apply brings staged rows into their tables.
func (w *writer) apply(ctx context.Context) error {
	if err := w.clear(ctx); err != nil {
		return err
	}
	for i, t := range w.load.Tables {
		if s := w.rejects[i]; s != nil {
			if err := w.copyRows(ctx, rejectsOf(t.Name), s); err != nil {
				return err
			}
		}
		var err error
		switch w.load.Mode {
		case sinks.Merge, sinks.Snapshot:
			err = w.applyKeyed(ctx, newKeyed(w.stages[i], t), t)
		default:
			err = w.copyRows(ctx, t.Name, w.stages[i])
		}
		if err != nil {
			return err
		}
	}
	if w.load.Mode == sinks.Snapshot {
		return w.leftOut(ctx)
	}
	return nil
}

// copyRows inserts all staged rows.
func (w *writer) copyRows(ctx context.Context, table string, s *stage) error {
	into, from := withLineage(s.columns), columnNames(s.columns)
	res, err := w.conn.ExecContext(ctx, "INSERT INTO "+mainTable(table)+" ("+list(into)+") SELECT "+list(from)+", ?, ? FROM "+s.table,
		w.at.slice, timeText(w.loadedAt))
	if err != nil {
		return w.refused(ctx, table, fmt.Errorf("insert into %s: %w", table, err))
	}
	written, err := res.RowsAffected()
	if err == nil && written != s.rows { // a trigger may leave rows out
		err = sinks.Swallowed(table, "inserted", written, s.rows)
	}
	return err
}

// refused tells our own index on a key, which a merge has left, from a constraint of
// somebody else's.
func (w *writer) refused(ctx context.Context, table string, err error) error {
	if !is(err, sqlite3.SQLITE_CONSTRAINT) {
		return err
	}
	index, there := keyIndexOf(table), false
	look := w.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'index' AND name = ?)", index).Scan(&there)
	if look != nil || !there {
		return err
	}
	return fault.New(fault.Permanent, "%w", err).
		WithHint(`Rows come twice, and the table was loaded with write = "merge" before. If both are to be there, run: DROP INDEX %s;`, ident(index))
}

// clear deletes the slice's rows.
func (w *writer) clear(ctx context.Context) error {
	for _, name := range w.load.Cleared(w.at.previous) {
		there, err := w.has(ctx, name, sliceColumn)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		of := mainTable(name) + " WHERE " + sliceColumn + " = ?1"
		if err := w.edit(ctx, name, edit{"deleted", "DELETE FROM " + of, of, 1}, w.at.slice); err != nil {
			return fmt.Errorf("delete the slice's rows from %s: %w", name, err)
		}
	}
	return nil
}

// has reports whether a table is there and has a column.
func (w *writer) has(ctx context.Context, table, column string) (bool, error) {
	have, err := inspect(ctx, w.conn, table)
	_, there := have.columns[column]
	return there && have.kind == "table", err
}

// leftOut is about tables of the snapshot before that this one does not bring:
// none of their rows is there any more.
func (w *writer) leftOut(ctx context.Context) error {
	var errs []error
	for _, name := range w.at.previous {
		if slices.ContainsFunc(w.load.Tables, func(t sinks.Table) bool { return t.Name == name }) {
			continue
		}
		there, err := w.has(ctx, name, absentColumn)
		if there {
			err = w.markAbsent(ctx, name, "")
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
