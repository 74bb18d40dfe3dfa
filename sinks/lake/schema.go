package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// schema is the file beside a table's folders that says what its columns are. It has
// all columns that any slice has had; those that a slice lacks are null there.
type schema struct {
	Table       string         `json:"table"`
	Description string         `json:"description,omitempty"`
	Key         []string       `json:"key,omitempty"`
	Columns     []schemaColumn `json:"columns"`
}

type schemaColumn struct {
	Name        string      `json:"name"`
	Type        record.Type `json:"type"`
	Parquet     string      `json:"parquet"`
	Origin      string      `json:"origin,omitempty"` // the vendor's name
	Description string      `json:"description,omitempty"`
}

var parquetTypes = map[record.Type]string{
	record.Text: "STRING", record.Integer: "INT64", record.Numeric: "DECIMAL(38,9)", record.Float: "DOUBLE", record.Boolean: "BOOLEAN",
	record.Date: "DATE", record.Timestamp: "TIMESTAMP(MICROS,UTC)", record.LocalTime: "TIMESTAMP(MICROS)", record.JSON: "JSON",
}

func schemaName(table string) string { return table + "/" + schemaFile }

// shapes are the folders that a load fills.
func shapes(load sinks.Load) map[string]record.Table {
	m := make(map[string]record.Table)
	for _, t := range load.Tables {
		m[t.Name] = t.Shape
		if t.Rejected > 0 {
			m[t.Name+sinks.RejectsSuffix] = t.Shape.Rejects()
		}
	}
	return m
}

// fit refuses a load whose columns are of other types than those of slices that are
// there: one table would be several, and readers of all of it would fail.
func (s *sink) fit(ctx context.Context, load sinks.Load) error {
	for table, shape := range shapes(load) {
		was, err := s.readSchema(ctx, table)
		if err != nil {
			return err
		}
		now, err := was.with(table, shape)
		if err != nil {
			return err
		}
		if was.generation == 0 {
			continue
		}
		for _, c := range now.Columns[len(was.Columns):] {
			if load.Freeze {
				return fault.New(fault.Config, "table %s is frozen and lacks column %s %s", table, c.Name, c.Type).
					WithHint(`Leave the column out of the job, or take schema = "freeze" out of it.`)
			}
			load.Notify(sinks.Notice{Text: fmt.Sprintf("column %s %s is new in table %s", c.Name, c.Type, table)})
		}
	}
	return nil
}

// describe writes the schema files of a load that has new columns.
func (w *writer) describe(ctx context.Context) error {
	for table, shape := range shapes(w.load) {
		err := errMoved
		for tries := 0; tries < 100 && errors.Is(err, errMoved); tries++ {
			err = w.sink.putSchema(ctx, table, shape)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) putSchema(ctx context.Context, table string, shape record.Table) error {
	was, err := s.readSchema(ctx, table)
	if err != nil {
		return err
	}
	now, err := was.with(table, shape)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(now, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", schemaName(table), err)
	}
	if text = append(text, '\n'); !bytes.Equal(text, was.text) {
		_, err = s.store.put(ctx, schemaName(table), text, was.generation)
	}
	return err
}

// stored is a schema as it is in the store; without one its generation is 0.
type stored struct {
	schema
	text       []byte
	generation int64
}

func (s *sink) readSchema(ctx context.Context, table string) (w stored, err error) {
	w.text, w.generation, err = s.store.read(ctx, schemaName(table))
	if errors.Is(err, errGone) {
		return stored{}, nil
	}
	if err != nil {
		return w, err
	}
	if err := json.Unmarshal(w.text, &w.schema); err != nil {
		return w, fault.New(fault.Config, "read %s: %w", schemaName(table), err).
			WithHint("Somebody else has written it. Remove it, or give the sink a prefix (or dir) of its own.")
	}
	return w, nil
}

// with returns the schema with the columns of a shape, new ones at its end.
func (w stored) with(table string, shape record.Table) (schema, error) {
	now := schema{Table: table, Description: shape.Description, Key: shape.Key, Columns: slices.Clone(w.Columns)}
	for _, c := range shape.Columns {
		if err := now.add(c); err != nil {
			return now, err
		}
	}
	return now, nil
}

func (n *schema) add(c record.Column) error {
	column := schemaColumn{Name: c.Name, Type: c.Type, Parquet: parquetTypes[c.Type], Origin: c.Origin, Description: c.Description}
	for i, old := range n.Columns {
		if old.Name != c.Name {
			continue
		}
		if old.Type != c.Type {
			return fault.New(fault.Config, "column %s of table %s is %s in slices that are there, and now %s", c.Name, n.Table, old.Type, c.Type).
				WithHint(`Write %s = "%s" in [jobs.NAME.columns], or set another table in the job and load the slices again. If no old slice is needed, remove the folder of the table.`, c.Name, old.Type)
		}
		n.Columns[i] = column
		return nil
	}
	n.Columns = append(n.Columns, column)
	return nil
}
