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
)

// schema is the file beside a table's folders that says what its columns are. It has
// all columns that any slice has had; objects of older loads may lack the last ones.
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

func (n schema) column(name string) (schemaColumn, bool) {
	i := slices.IndexFunc(n.Columns, func(c schemaColumn) bool { return c.Name == name })
	if i < 0 {
		return schemaColumn{}, false
	}
	return n.Columns[i], true
}

// with returns the schema with the columns of a load, new ones at its end.
func (n schema) with(f fitted) schema {
	now := schema{Table: f.folder, Description: f.shape.Description, Key: f.shape.Key, Columns: slices.Clone(n.Columns)}
	for _, c := range f.fit.Shape.Columns {
		column := schemaColumn{Name: c.Name, Type: c.Type, Parquet: parquetTypes[c.Type], Origin: c.Origin, Description: c.Description}
		if i := slices.IndexFunc(now.Columns, func(old schemaColumn) bool { return old.Name == c.Name }); i >= 0 {
			now.Columns[i] = column
		} else {
			now.Columns = append(now.Columns, column)
		}
	}
	return now
}

// columns returns those of an object of a load.
func (n schema) columns(f fitted) []column {
	list := make([]column, len(n.Columns))
	for i, c := range n.Columns {
		list[i] = column{from: -1, Column: record.Column{Name: c.Name, Type: c.Type, Origin: c.Origin, Description: c.Description}}
		if from := f.fit.Shape.Column(c.Name); from >= 0 {
			list[i].from, list[i].cell = from, f.shape.Columns[from].Type
		}
	}
	return list
}

// describe writes the schema files of a load that has new columns.
func (w *writer) describe(ctx context.Context) error {
	for _, f := range w.tables {
		err := errMoved
		for tries := 0; tries < 100 && errors.Is(err, errMoved); tries++ {
			err = w.sink.putSchema(ctx, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putSchema adds the columns of a load whose objects are written already.
func (s *sink) putSchema(ctx context.Context, f fitted) error {
	was, err := s.readSchema(ctx, f.folder)
	if err != nil {
		return err
	}
	now := was.with(f)
	for i, c := range f.columns {
		if i >= len(now.Columns) || now.Columns[i].Name != c.Name || now.Columns[i].Type != c.Type {
			return fault.New(fault.Transient, "%s has changed since the load began: its column %d is not %s %s", schemaName(f.folder), i+1, c.Name, c.Type).
				WithHint("Another load has added a column. The load is tried again.")
		}
	}
	text, err := json.MarshalIndent(now, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", schemaName(f.folder), err)
	}
	if text = append(text, '\n'); !bytes.Equal(text, was.text) {
		_, err = s.store.put(ctx, schemaName(f.folder), text, was.generation)
	}
	return err
}
