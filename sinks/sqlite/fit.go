package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// lineage are the columns that every table of ours has besides those of its shape.
var lineage = []struct {
	name        string
	typ         record.Type
	description string
}{
	{sliceColumn, record.Integer, "The slice that loaded the row: _slice of exporter_slices."},
	{loadedColumn, record.Timestamp, "When the row was loaded."},
}

// changesTable is the ledger of what was done to tables.
const changesTable = "main." + ownPrefix + "schema_changes"

// existing is a table as it is; the zero existing is not there.
type existing struct {
	kind    string                    // type in sqlite_schema
	columns map[string]existingColumn // by name in lower case
}

type existingColumn struct {
	typ      string // declared, in upper case
	computed bool   // GENERATED: nobody else writes it
	needed   bool   // NOT NULL, and nothing fills it by itself
}

func inspect(ctx context.Context, conn *sql.Conn, name string) (e existing, err error) {
	err = conn.QueryRowContext(ctx, "SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type <> 'trigger'", name).Scan(&e.kind)
	if errors.Is(err, sql.ErrNoRows) {
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("look for the table: %w", err)
	}
	rows, err := conn.QueryContext(ctx, `SELECT lower(name), upper(type), hidden IN (2, 3), "notnull" AND dflt_value IS NULL AND hidden = 0 AND NOT (pk AND upper(type) = 'INTEGER')
		FROM pragma_table_xinfo(?, 'main')`, name)
	if err != nil {
		return e, fmt.Errorf("read columns: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	e.columns = make(map[string]existingColumn)
	for rows.Next() {
		var column string
		var c existingColumn
		if err := rows.Scan(&column, &c.typ, &c.computed, &c.needed); err != nil {
			return e, fmt.Errorf("read columns: %w", err)
		}
		e.columns[column] = c
	}
	return e, rows.Err()
}

// Fits implements sinks.Fitter.
func (s *sink) Fits(ctx context.Context, load sinks.Load) error {
	missing, err := s.missing()
	if err != nil || missing {
		return err
	}
	return s.withConn(ctx, func(conn *sql.Conn) error {
		for _, want := range load.Wanted() {
			have, err := inspect(ctx, conn, want.Name)
			if err == nil && have.kind != "" {
				_, err = plan(have, want)
			}
			if err != nil {
				return s.wrap(ctx, err, "fit table %s", want.Name)
			}
		}
		return nil
	})
}

// fit makes the table take rows of the wanted shape, in the transaction that is
// open, and says where they go and what its owner is to know of it. Usually there is
// nothing to do.
func (s *sink) fit(ctx context.Context, conn *sql.Conn, want sinks.Wanted) (sinks.Fit, []sinks.Notice, error) {
	have, err := inspect(ctx, conn, want.Name)
	if err != nil {
		return sinks.Fit{}, nil, err
	}
	p, err := plan(have, want)
	if err != nil {
		return sinks.Fit{}, nil, err
	}
	for _, text := range p.statements {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return sinks.Fit{}, nil, s.wrap(ctx, err, "%s", text)
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO "+changesTable+" (table_name, changed_at, job, run, statement) VALUES (?, ?, ?, ?, ?)",
			want.Name, timeText(s.now()), want.Job, want.Run, text); err != nil {
			return sinks.Fit{}, nil, s.wrap(ctx, err, "write to the ledger")
		}
	}
	if have.kind == "" {
		if err := forget(ctx, conn, want.Name); err != nil {
			return sinks.Fit{}, nil, err
		}
	}
	if want.Mode == sinks.Merge {
		if err := s.keyIndex(ctx, conn, want.Name, want.Shape); err != nil {
			return sinks.Fit{}, nil, err
		}
	}
	return p.fit, p.notices, describe(ctx, conn, want.Name, p.fit.Shape, want.Mode)
}

// changes are what there is to do to a table, and where rows go then.
type changes struct {
	fit        sinks.Fit
	statements []string
	notices    []sinks.Notice
}

// plan returns what makes a table take rows, or why that is not to be done.
func plan(have existing, want sinks.Wanted) (changes, error) {
	absent := absentColumn + " " + typeName(record.Timestamp)
	if have.kind == "" {
		if err := room(0, len(want.Shape.Columns)+len(lineage)+1, want.Name); err != nil {
			return changes{}, err
		}
		return changes{fit: sinks.Fit{Shape: want.Shape}, statements: create(want.Name, want.Shape, want.Mode, absent)}, nil
	}
	if err := admit(have, want.Name); err != nil {
		return changes{}, err
	}
	p, err := place(have, want)
	if err != nil {
		return changes{}, err
	}
	var add []string
	for _, c := range p.fit.Added {
		add = append(add, ident(c.Name)+" "+typeName(c.Type))
	}
	if _, there := have.columns[absentColumn]; !there && want.Mode == sinks.Snapshot {
		add = append(add, absent)
	}
	for _, column := range add {
		p.statements = append(p.statements, "ALTER TABLE "+mainTable(want.Name)+" ADD COLUMN "+column)
	}
	if want.Freeze && len(add) > 0 {
		return changes{}, frozen(have, want, p.fit, add)
	}
	return p, nil
}

func create(name string, shape record.Table, mode sinks.Mode, absent string) []string {
	var columns []string
	for _, c := range shape.Columns {
		columns = append(columns, ident(c.Name)+" "+typeName(c.Type))
	}
	for _, l := range lineage {
		columns = append(columns, l.name+" "+typeName(l.typ)+" NOT NULL")
	}
	if mode == sinks.Snapshot {
		columns = append(columns, absent)
	}
	return []string{
		"CREATE TABLE " + mainTable(name) + " (" + strings.Join(columns, ", ") + ")",
		"CREATE INDEX " + mainTable(ownPrefix+"slice_"+name) + " ON " + ident(name) + " (" + sliceColumn + ")",
	}
}

// admit refuses what is no table or not ours.
func admit(have existing, name string) error {
	if have.kind != "table" {
		return fault.New(fault.Config, "%s is not a table but a %s", name, have.kind).
			WithHint("Something else has that name. Set another table in the job.")
	}
	for _, l := range lineage {
		if have.columns[l.name].typ != typeName(l.typ) {
			return fault.New(fault.Config, "table %s is there already, but without the column %s %s: the exporter did not make it", name, l.name, typeName(l.typ)).
				WithHint("Set another table in the job.")
		}
	}
	return nil
}

// keyIndexOf is the name of the index that keyIndex makes.
func keyIndexOf(table string) string { return ownPrefix + "key_" + table }

// keyIndex lets a merge find rows, and no two have one key. One that somebody
// else made will do.
func (s *sink) keyIndex(ctx context.Context, conn *sql.Conn, name string, shape record.Table) error {
	key := slices.Sorted(slices.Values(shape.Key))
	var there bool
	err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pragma_index_list(?, 'main') l
		WHERE l."unique" AND NOT l.partial AND ? = (SELECT group_concat(name, char(0)) FROM (SELECT i.name AS name FROM pragma_index_info(l.name, 'main') i ORDER BY i.name)))`,
		name, strings.Join(key, "\x00")).Scan(&there)
	if err != nil {
		return s.wrap(ctx, err, "look for an index on the key")
	}
	if there {
		return nil
	}
	index := keyIndexOf(name)
	_, err = conn.ExecContext(ctx, "CREATE UNIQUE INDEX "+mainTable(index)+" ON "+ident(name)+" ("+strings.Join(idents(shape.Key), ", ")+")")
	switch {
	case err == nil:
		return nil
	case is(err, sqlite3.SQLITE_CONSTRAINT):
		return fault.New(fault.Config, "rows of table %s are not unique by %s: %w", name, strings.Join(shape.Key, ", "), err).
			WithHint(`The table was filled in another write mode. Set another table in the job, or write write = "replace".`)
	case is(err, sqlite3.SQLITE_ERROR):
		return fault.New(fault.Config, "index %s is there, but not on %s: %w", index, strings.Join(shape.Key, ", "), err).
			WithHint("The key of the rows has changed. Run: DROP INDEX %s;", ident(index))
	}
	return s.wrap(ctx, err, "make an index on the key")
}

// describe records what there is to say about a table and its columns.
func describe(ctx context.Context, conn *sql.Conn, name string, shape record.Table, mode sinks.Mode) (err error) {
	stmt, err := conn.PrepareContext(ctx, `INSERT INTO main.`+ownPrefix+`columns AS c (table_name, column_name, type, original_name, description)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET type = excluded.type, original_name = excluded.original_name, description = excluded.description
		WHERE (c.type, c.original_name, c.description) IS NOT (excluded.type, excluded.original_name, excluded.description)`)
	if err != nil {
		return fmt.Errorf("describe columns: %w", err)
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	set := func(column, typ, origin, description string) {
		if err == nil {
			_, err = stmt.ExecContext(ctx, name, column, typ, origin, description)
		}
	}
	set("", "table", "", shape.Description)
	for _, c := range shape.Columns {
		origin := c.Origin
		if origin == c.Name {
			origin = ""
		}
		set(c.Name, c.Type.String(), origin, c.Description)
	}
	for _, l := range lineage {
		set(l.name, l.typ.String(), "", l.description)
	}
	if mode == sinks.Snapshot {
		set(absentColumn, record.Timestamp.String(), "", "When the row was found to be no longer there; null while it is.")
	}
	return err
}
