package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

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
		if _, _, err := s.mergeSchema(ctx, table, shape); err != nil {
			return err
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
	text, generation, err := s.mergeSchema(ctx, table, shape)
	if err == nil && text != nil {
		_, err = s.store.put(ctx, schemaName(table), text, generation)
	}
	return err
}

// mergeSchema returns the schema file as it is to be, nil if it is so already, and
// the generation that it has.
func (s *sink) mergeSchema(ctx context.Context, table string, shape record.Table) ([]byte, int64, error) {
	before, generation, err := s.store.read(ctx, schemaName(table))
	if err != nil && !errors.Is(err, errGone) {
		return nil, 0, err
	}
	now := schema{Table: table, Description: shape.Description, Key: shape.Key}
	if err == nil {
		var old schema
		if err := json.Unmarshal(before, &old); err != nil {
			return nil, 0, fault.New(fault.Config, "read %s: %w", schemaName(table), err).
				WithHint("Somebody else has written it. Remove it, or give the sink a prefix (or dir) of its own.")
		}
		now.Columns = old.Columns
	}
	for _, c := range shape.Columns {
		if err := now.add(c); err != nil {
			return nil, 0, err
		}
	}
	text, err := json.MarshalIndent(now, "", " ")
	if err != nil {
		return nil, 0, fmt.Errorf("write %s: %w", schemaName(table), err)
	}
	if text = append(text, '\n'); bytes.Equal(text, before) {
		text = nil
	}
	return text, generation, nil
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
