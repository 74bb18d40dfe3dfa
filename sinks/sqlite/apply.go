package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	if _, err := w.conn.ExecContext(ctx, "INSERT INTO "+mainTable(table)+" ("+list(into)+") SELECT "+list(from)+", ?, ? FROM "+s.table,
		w.at.slice, timeText(w.loadedAt)); err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// clear deletes the slice's rows, those of rejects and of tables that the stream
// no longer fills included. Only rejects are replaced in every mode. A slice that
// is appended has rows only if one of its tables was dropped.
func (w *writer) clear(ctx context.Context) error {
	names := slices.Clone(w.at.previous)
	for _, t := range w.load.Tables {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	var clear []string
	for _, name := range slices.Compact(names) {
		clear = append(clear, rejectsOf(name))
		if !w.load.Keyed() {
			clear = append(clear, name)
		}
	}
	for _, name := range clear {
		there, err := w.has(ctx, name, sliceColumn)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if _, err := w.conn.ExecContext(ctx, "DELETE FROM "+mainTable(name)+" WHERE "+sliceColumn+" = ?", w.at.slice); err != nil {
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
			err = w.markAbsent(ctx, mainTable(name), "")
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
