package sinks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/record"
)

// Notice is what the owner of a table should know of its columns: one was added,
// or the values of one go elsewhere because its type cannot hold them.
type Notice struct {
	Text string
	Hint string // what the owner can do; "" = nothing is to be done
}

// String returns the notice as one text.
func (n Notice) String() string {
	if n.Hint == "" {
		return n.Text
	}
	return n.Text + ". " + n.Hint
}

// Notify tells whoever began the load, if they want to know.
func (l Load) Notify(notices ...Notice) {
	if l.Notice == nil {
		return
	}
	for _, n := range notices {
		l.Notice(n)
	}
}

// Fitter is a sink that can tell, changing nothing, whether tables would take a
// load: before anything is read for it. The load has no tallies yet.
type Fitter interface {
	Fits(ctx context.Context, load Load) error
}

// Renamer is a sink whose ledger can give the slices of jobs to another job, all
// of them in one transaction. Names without slices are no error; slices that both
// have are, class config, and then nothing is renamed.
type Renamer interface {
	Rename(ctx context.Context, from []string, to string) error
}

// longestName is what every sink can store, PostgreSQL's 63 bytes.
const longestName = 63

// wideColumn names the column that takes cells of a type where those of the column
// with the plain name cannot: "<column>__<type>".
func wideColumn(column string, t record.Type) string {
	suffix := "__" + t.String()
	if len(column)+len(suffix) <= longestName {
		return column + suffix
	}
	sum := sha256.Sum256([]byte(column))
	suffix = "_" + hex.EncodeToString(sum[:3]) + suffix
	return strings.ToValidUTF8(column[:longestName-len(suffix)], "") + suffix
}

// Fit says where the cells of a load go in a table that is there.
type Fit struct {
	// Shape is the load's, with names and types as the table has them; as many
	// columns, in the same order.
	Shape record.Table
	Added []record.Column // of Shape, those that the table lacks
	Wide  []Wide          // columns whose cells go to another
	// Void are columns of the table for the cells of other columns of Shape, as they
	// came under another type. A row that is written has null there.
	Void []string
}

// Wide is a column of a load whose cells the column of its name cannot hold.
type Wide struct {
	Column record.Column // of the load
	Into   string
}

// Standing is how a column of a table stands to cells that are to go there.
type Standing int

// The standings.
const (
	Lacking Standing = iota // there is no such column
	Holding                 // it keeps every value as it is
	Unlike                  // its type is another one
)

// FitTo finds a place for every column of a shape. Look says how the table's column
// of a name stands to cells of a type, and as which type it holds them. The key of a
// keyed load must find its rows where they are: it is never led elsewhere.
func FitTo(shape record.Table, keyed bool, look func(name string, t record.Type) (Standing, record.Type)) (Fit, error) {
	f := Fit{Shape: shape}
	f.Shape.Columns = make([]record.Column, len(shape.Columns))
	for i, c := range shape.Columns {
		to := c
		standing, as := look(c.Name, c.Type)
		if standing == Unlike {
			if keyed && slices.Contains(shape.Key, c.Name) {
				return f, &UnlikeError{Column: c, At: c.Name}
			}
			to.Name = wideColumn(c.Name, c.Type)
			if shape.Column(to.Name) >= 0 {
				return f, &UnlikeError{Column: c, At: c.Name}
			}
			if standing, as = look(to.Name, c.Type); standing == Unlike {
				return f, &UnlikeError{Column: c, At: to.Name}
			}
			f.Wide = append(f.Wide, Wide{Column: c, Into: to.Name})
			to.Description = strings.TrimSpace(c.Description + "\nHas what column " + c.Name + " cannot hold for its type.")
		}
		if standing == Holding {
			to.Type = as
		} else {
			f.Added = append(f.Added, to)
		}
		f.Shape.Columns[i] = to
		f.Void = append(f.Void, siblings(shape, c, to.Name, look)...)
	}
	return f, nil
}

// siblings are the columns that have cells of c under other types.
func siblings(shape record.Table, c record.Column, but string, look func(string, record.Type) (Standing, record.Type)) []string {
	names := []string{c.Name}
	for _, name := range record.TypeNames() {
		t, err := record.ParseType(name)
		if err == nil {
			names = append(names, wideColumn(c.Name, t))
		}
	}
	var list []string
	for i, name := range names {
		if name == but || i > 0 && shape.Column(name) >= 0 {
			continue
		}
		if standing, _ := look(name, c.Type); standing != Lacking {
			list = append(list, name)
		}
	}
	return list
}

// UnlikeError is a column whose cells no column of the table can take.
type UnlikeError struct {
	Column record.Column // of the load
	At     string        // the column of the table that cannot
}

// Error implements error.
func (e *UnlikeError) Error() string {
	return "column " + e.At + " cannot hold " + e.Column.Type.String()
}

// Frozen is why a table of a job with schema = "freeze" is not changed. Lacks says
// what it would need; do is what makes it so.
func Frozen(table, lacks, do string) error {
	return fault.New(fault.Config, "table %s is frozen and %s", table, lacks).
		WithHint(`Let its owner run: %s or take schema = "freeze" out of the job.`, do)
}

// NamedTwice is why slices are not renamed: another job of the list, or the one they
// are to belong to, has a slice of the same part and interval.
func NamedTwice(from []string, to string, err error) error {
	return fault.New(fault.Config, "slices of %s cannot be renamed to %s, which has the same ones: %w", strings.Join(from, ", "), to, err).
		WithHint("Both loaded these days, and nothing was renamed. Take renamed_from out of job %[1]s, remove what it loaded since with `exporter purge %[1]s`, and write it in again; of two old jobs name one.", to)
}

// Renamed is why a slice is not loaded: the job's slices belong to another job since, by
// a renamed_from that whoever loads it does not know. Forget is what takes that back.
func Renamed(job, to, forget string) error {
	return fault.New(fault.Config, "job %s was renamed to %s here: its rows would be there twice", job, to).
		WithHint("Somebody runs an older configuration: run the one that has renamed_from = [%q] in job %s. If %s is a job of its own now, %s.", job, to, job, forget)
}
