package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/jobs/spool"
	"exporter/record"
	"exporter/sources"
)

// rowRule is a check of [jobs.NAME.checks] whose columns were found in the stream.
type rowRule struct {
	table int
	check func(sp *spool.Spool) rowCheck
}

// rulesOf finds the columns of a job's checks.
func rulesOf(stream sources.Stream, job *config.Job) ([]rowRule, error) {
	var rules []rowRule
	find := func(key string, names ...string) (int, []int, error) {
		table, columns, err := columnsOf(stream, names)
		if err != nil {
			return 0, nil, fault.New(fault.Config, "job %s: checks.%s: %w", job.Name, key, err).WithHint("%s", columnsHint(stream))
		}
		return table, columns, nil
	}
	for _, name := range job.Checks.NotNull {
		table, columns, err := find("not_null", name)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rowRule{table, func(*spool.Spool) rowCheck { return &notNull{name: name, column: columns[0]} }})
	}
	for _, names := range job.Checks.Unique {
		table, columns, err := find("unique", names...)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rowRule{table, func(sp *spool.Spool) rowCheck {
			return newUnique(sp, stream.Tables[table], table, columns, names)
		}})
	}
	for _, a := range job.Checks.Accepted {
		table, columns, err := find("accepted", a.Column)
		if err != nil {
			return nil, err
		}
		column := stream.Tables[table].Columns[columns[0]]
		values, err := typed(column, a.Values)
		if err != nil {
			return nil, fault.New(fault.Config, "job %s: checks.accepted.%s: %w", job.Name, a.Column, err).
				WithHint("Column %s is %s: write values of that type, or another type in [jobs.%s.columns].", a.Column, column.Type, job.Name)
		}
		rules = append(rules, rowRule{table, func(*spool.Spool) rowCheck {
			return &accepted{name: a.Column, column: columns[0], typ: column.Type, values: values, others: map[string]int64{}}
		}})
	}
	return rules, nil
}

// columnsOf finds columns, COLUMN of the first table or TABLE.COLUMN, in one table.
func columnsOf(stream sources.Stream, names []string) (table int, columns []int, err error) {
	for i, name := range names {
		at, column := 0, name
		if prefix, rest, dotted := strings.Cut(name, "."); dotted {
			column = rest
			if at = slices.IndexFunc(stream.Tables, func(t record.Table) bool { return t.Name == prefix }); at < 0 {
				return 0, nil, fmt.Errorf("stream %s has no table %q", stream.Name, prefix)
			}
		}
		if i > 0 && at != table {
			return 0, nil, fmt.Errorf("%s are columns of several tables", strings.Join(names, ", "))
		}
		table = at
		c := stream.Tables[at].Column(column)
		if c < 0 {
			return 0, nil, fmt.Errorf("%s has no column %q", tableOf(stream, at), column)
		}
		columns = append(columns, c)
	}
	return table, columns, nil
}

func tableOf(stream sources.Stream, table int) string {
	if name := stream.Tables[table].Name; name != "" {
		return "table " + name + " of stream " + stream.Name
	}
	return "stream " + stream.Name
}

func columnsHint(stream sources.Stream) string {
	if len(stream.Tables) < 2 {
		return "`exporter streams` lists the columns."
	}
	names := make([]string, len(stream.Tables))
	for i, t := range stream.Tables {
		names[i] = t.Name
	}
	return fmt.Sprintf("`exporter streams` lists the columns. One without a table is of %s; of another write %q. Tables: %s.",
		names[0], names[1]+"."+stream.Tables[1].Columns[0].Name, strings.Join(names, ", "))
}

// typed returns values as cells of a column have them.
func typed(column record.Column, values []string) (map[string]bool, error) {
	column.Required = true
	b := record.NewBuilder(0, record.Table{Columns: []record.Column{column}}, nil)
	cells := make(map[string]bool)
	for _, v := range values {
		if v == "" {
			return nil, errors.New("an empty cell is accepted in any case")
		}
		b.Raw([]byte(v))
		b.EndRow(func() []byte { return nil })
		rows, rejects := b.Take()
		if rejects.Rows() > 0 {
			return nil, fmt.Errorf("%q is not %s", v, column.Type)
		}
		cell, _ := rows.Cell(0, 0)
		cells[string(appendKey(nil, column.Type, cell))] = true
	}
	return cells, nil
}

// appendKey appends a cell so that cells of one value have the same bytes.
func appendKey(dst []byte, t record.Type, cell []byte) []byte {
	switch t {
	case record.Numeric:
		return record.AppendRounded(dst, cell, len(cell))
	case record.Float:
		if record.Float64(cell) == 0 { // a zero has no sign
			return append(dst, make([]byte, len(cell))...)
		}
	default:
	}
	return append(dst, cell...)
}

// notNull counts empty cells.
type notNull struct {
	name   string
	column int
	empty  int64
}

func (c *notNull) see(b *record.Batch) error {
	for row := range b.Rows() {
		if _, null := b.Cell(row, c.column); null {
			c.empty++
		}
	}
	return nil
}

func (c *notNull) verdict(context.Context) (string, error) {
	if c.empty == 0 {
		return "", nil
	}
	return fmt.Sprintf("column %s is empty in %d rows, which not_null forbids", c.name, c.empty), nil
}

func (*notNull) close() error { return nil }

// accepted counts cells of other values than those listed; empty ones are none.
type accepted struct {
	name   string
	column int
	typ    record.Type
	values map[string]bool
	key    []byte

	rows   int64
	others map[string]int64 // by value as people read it; the first of them
}

// namedValues is how many of the wrong values are counted apart.
const namedValues = 5

func (c *accepted) see(b *record.Batch) error {
	for row := range b.Rows() {
		cell, null := b.Cell(row, c.column)
		if null {
			continue
		}
		c.key = appendKey(c.key[:0], c.typ, cell)
		if c.values[string(c.key)] {
			continue
		}
		c.rows++
		text, _ := record.Format(c.typ, b, row, c.column)
		text = fmt.Sprintf("%.60q", text)
		if _, known := c.others[text]; known || len(c.others) < namedValues {
			c.others[text]++
		}
	}
	return nil
}

func (c *accepted) verdict(context.Context) (string, error) {
	if c.rows == 0 {
		return "", nil
	}
	rest := c.rows
	var list []string
	for text, n := range c.others {
		list = append(list, fmt.Sprintf("%s (%d rows)", text, n))
		rest -= n
	}
	slices.Sort(list)
	if rest > 0 {
		list = append(list, fmt.Sprintf("others (%d rows)", rest))
	}
	return fmt.Sprintf("column %s has values in %d rows that are not accepted: %s", c.name, c.rows, strings.Join(list, ", ")), nil
}

func (*accepted) close() error { return nil }
