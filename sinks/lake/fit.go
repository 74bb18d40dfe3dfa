package lake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// column is one of an object. An object has all columns of its table, in the order
// of the schema: readers of CSV and of the newest object alone see the whole table.
type column struct {
	record.Column
	from int         // column of the load; -1 = it has none, and every cell is null
	cell record.Type // of the load's cells; Integer may go into Numeric
}

// of returns the cell of a row, and whether it is null.
func (c *column) of(b *record.Batch, row int) (cell []byte, null bool) {
	if c.from < 0 {
		return nil, true
	}
	return b.Cell(row, c.from)
}

// fitted is a folder of a load, as the schema that is there takes it.
type fitted struct {
	folder  string
	shape   record.Table // of the load
	fit     sinks.Fit
	columns []column
}

// shapes are the folders that a load fills.
func shapes(load sinks.Load) []fitted {
	var list []fitted
	for _, t := range load.Tables {
		list = append(list, fitted{folder: t.Name, shape: t.Shape})
		if t.Rejected > 0 {
			list = append(list, fitted{folder: t.Name + sinks.RejectsSuffix, shape: t.Shape.Rejects()})
		}
	}
	return list
}

// Fits implements sinks.Fitter.
func (s *sink) Fits(ctx context.Context, load sinks.Load) error {
	load.Notice = nil
	_, err := s.fit(ctx, load)
	return wrap(ctx, err, "fit tables")
}

// fit finds a column for every column of a load: a type is never altered, because
// objects that are there have it. Rows are not found by key here, so that a key may
// be led elsewhere as well.
func (s *sink) fit(ctx context.Context, load sinks.Load) (map[string]fitted, error) {
	list := make(map[string]fitted)
	for _, f := range shapes(load) {
		was, err := s.readSchema(ctx, f.folder)
		if err != nil {
			return nil, err
		}
		if f.fit, err = sinks.FitTo(f.shape, false, was.look); err != nil {
			return nil, was.mismatch(f.folder, err)
		}
		if load.Freeze && was.generation != 0 && len(f.fit.Added) > 0 {
			return nil, was.frozen(f)
		}
		f.columns = was.with(f).columns(f)
		list[f.folder] = f
		if was.generation != 0 {
			load.Notify(was.notices(f)...)
		}
	}
	return list, nil
}

// look says how a column stands to cells, see [sinks.FitTo].
func (w stored) look(name string, t record.Type) (sinks.Standing, record.Type) {
	switch c, there := w.column(name); {
	case !there:
		return sinks.Lacking, t
	case c.Type == t, c.Type == record.Numeric && t == record.Integer:
		return sinks.Holding, c.Type
	}
	return sinks.Unlike, t
}

// mismatch is where cells have no column to go to.
func (w stored) mismatch(table string, err error) error {
	var unlike *sinks.UnlikeError
	if !errors.As(err, &unlike) {
		return err
	}
	c, _ := w.column(unlike.At)
	return fault.New(fault.Config, "column %s of table %s is %s in objects that are there, the job delivers %s", unlike.At, table, c.Type, unlike.Column.Type).
		WithHint(`Write %s = "%s" in [jobs.NAME.columns], or set another table in the job and load the slices again.`, unlike.Column.Name, c.Type)
}

// notices tell of what a load does to the columns of a table that is there.
func (w stored) notices(f fitted) []sinks.Notice {
	var list []sinks.Notice
	wide := make(map[string]bool)
	for _, x := range f.fit.Wide {
		wide[x.Into] = true
		c, _ := w.column(x.Column.Name)
		list = append(list, sinks.Notice{
			Text: fmt.Sprintf("column %s of table %s is %s, the job delivers %s: its values go to column %s", x.Column.Name, f.folder, c.Type, x.Column.Type, x.Into),
			Hint: fmt.Sprintf(`Read both (coalesce over %s and %s). To have one column, write %s = "%s" in [jobs.NAME.columns], or set another table in the job and load its slices again.`,
				x.Column.Name, x.Into, x.Column.Name, c.Type),
		})
	}
	for _, c := range f.fit.Added {
		if !wide[c.Name] {
			list = append(list, sinks.Notice{Text: fmt.Sprintf("table %s has a new column %s, %s; objects of earlier loads do not have it", f.folder, c.Name, c.Type)})
		}
	}
	return list
}

// frozen is why a table of a frozen job is not changed.
func (w stored) frozen(f fitted) error {
	var lacks, do []string
	for _, c := range f.fit.Added {
		lacks = append(lacks, fmt.Sprintf("column %s %s", c.Name, c.Type))
		do = append(do, fmt.Sprintf(`{"name": %q, "type": %q}`, c.Name, c.Type))
	}
	text := "lacks " + strings.Join(lacks, ", ")
	for _, x := range f.fit.Wide {
		c, _ := w.column(x.Column.Name)
		text += fmt.Sprintf("; its column %s is %s, the job delivers %s", x.Column.Name, c.Type, x.Column.Type)
	}
	return fault.New(fault.Config, "table %s is frozen and %s", f.folder, text).
		WithHint(`Let its owner add to columns in %s: %s or take schema = "freeze" out of the job.`, schemaName(f.folder), strings.Join(do, ", "))
}
