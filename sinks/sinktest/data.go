package sinktest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// shape is the table of the rules that are not about types.
var shape = record.Table{
	Description: "A table of a test.",
	Columns: []record.Column{
		{Name: "id", Type: record.Integer, Required: true},
		{Name: "name", Type: record.Text, Origin: "Name", Description: "What it is called."},
		{Name: "amount", Type: record.Numeric},
	},
	Key: []string{"id"},
}

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// content is what a load brings into one table.
type content struct {
	table   sinks.Table
	batches []*record.Batch
	want    [][]string // kept rows
}

// rows types rows of text, a batch per 1,000.
func rows(table string, t record.Table, index int, raw [][]string) content {
	c := content{table: sinks.Table{Name: table, Shape: t, Tally: record.NewTally(t)}}
	b := record.NewBuilder(index, t, nil)
	take := func() {
		batch, rejects := b.Take()
		c.table.Tally.Add(&batch)
		c.table.Rejected += int64(rejects.Rows())
		c.batches = append(c.batches, &batch, &rejects)
	}
	for i, row := range raw {
		for _, cell := range row {
			if cell == Null {
				b.Null()
			} else {
				b.Raw([]byte(cell))
			}
		}
		if b.EndRow(func() []byte { return rawJSON(row) }) {
			c.want = append(c.want, row)
		}
		if i%1000 == 999 {
			take()
		}
	}
	take()
	return c
}

func rawJSON(row []string) []byte {
	text, err := json.Marshal(row)
	if err != nil {
		panic("sinktest: " + err.Error())
	}
	return text
}

// some returns n rows of shape, of which those of different marks differ.
func some(n int, mark string) [][]string { return someFrom(0, n, mark) }

// someFrom returns n rows whose keys count from first.
func someFrom(first, n int, mark string) [][]string {
	list := make([][]string, n)
	for i := range list {
		id := strconv.Itoa(first + i)
		list[i] = []string{id, mark + " " + id, id + ".50"}
	}
	return list
}

// content types rows of shape for the rule's table.
func (r *rule) content(raw [][]string) content { return rows(r.name, shape, 0, raw) }

// slice is the rule's slice of the n-th day. Snapshots have no days: there it is
// the slice of the n-th part.
func (r *rule) slice(n int) sinks.Slice {
	if r.mode == sinks.Snapshot {
		return sinks.Slice{Job: r.name, Part: "part " + strconv.Itoa(n)}
	}
	return sinks.Slice{Job: r.name, Part: "north", Start: day.AddDate(0, 0, n), End: day.AddDate(0, 0, n+1)}
}

func (r *rule) loadOf(s sinks.Slice, contents ...content) sinks.Load {
	l := sinks.Load{
		Slice: s, Run: "run-" + rand.Text(), LoadID: rand.Text(), Mode: r.mode, Definition: "definition-1",
	}
	for _, c := range contents {
		l.Tables = append(l.Tables, c.table)
		l.Read += c.table.Tally.Rows + c.table.Rejected
	}
	if len(contents) > 0 {
		l.Announced = contents[0].table.Tally.Rows + contents[0].table.Rejected
	}
	return l
}

func (r *rule) begin(s sinks.Sink, l sinks.Load) sinks.Writer {
	r.Helper()
	w, err := s.Begin(r.Context(), l)
	if err != nil {
		r.Fatalf("begin: %v (%s)", err, fault.HintOf(err))
	}
	return w
}

func write(ctx context.Context, w sinks.Writer, contents ...content) error {
	for _, c := range contents {
		for _, b := range c.batches {
			if err := w.Write(ctx, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rule) write(w sinks.Writer, contents ...content) {
	r.Helper()
	if err := write(r.Context(), w, contents...); err != nil {
		r.Fatalf("write: %v", err)
	}
}

func (r *rule) commit(w sinks.Writer) sinks.Receipt {
	r.Helper()
	receipt, err := w.Commit(r.Context())
	if err != nil {
		r.Fatalf("commit: %v", err)
	}
	return receipt
}

func (r *rule) abort(w sinks.Writer) {
	r.Helper()
	if err := w.Abort(r.Context()); err != nil {
		r.Fatalf("abort: %v", err)
	}
}

// load brings a slice in.
func (r *rule) load(s sinks.Slice, contents ...content) sinks.Receipt {
	r.Helper()
	w := r.begin(r.sink, r.loadOf(s, contents...))
	r.write(w, contents...)
	return r.commit(w)
}

// expect compares a table with the contents of several slices.
func (r *rule) expect(table string, t record.Table, contents ...[][]string) {
	r.Helper()
	got := r.canonical(t.Columns, r.h.Rows(r, table, t.Columns))
	want := r.canonical(t.Columns, slices.Concat(contents...))
	if d := difference(want, got); d != "" {
		r.Fatalf("rows of %s (-want +got):\n%s", table, d)
	}
}

// difference is cmp.Diff, which takes its time for lists that are equal too.
func difference(want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

// canonical sorts rows and writes cells of one value in one form.
func (r *rule) canonical(columns []record.Column, list [][]string) []string {
	lines := make([]string, 0, len(list))
	for _, row := range list {
		cells := slices.Clone(row)
		for i, c := range columns {
			if i >= len(cells) || cells[i] == Null {
				continue
			}
			switch c.Type {
			case record.JSON:
				cells[i] = canonicalJSON(cells[i])
			case record.Numeric:
				if r.h.Scaleless && strings.Contains(cells[i], ".") {
					cells[i] = strings.TrimSuffix(strings.TrimRight(cells[i], "0"), ".")
				}
			case record.Float:
				if v, err := strconv.ParseFloat(cells[i], 64); err == nil {
					cells[i] = strconv.FormatFloat(v+0, 'g', -1, 64) // a zero has no sign
				}
			default:
			}
		}
		lines = append(lines, strings.ReplaceAll(strings.Join(cells, " | "), Null, "NULL"))
	}
	slices.Sort(lines)
	return lines
}

func canonicalJSON(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "not JSON: " + text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return "not JSON: " + text
	}
	return string(out)
}
