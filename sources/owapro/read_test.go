package owapro_test

import (
	"strings"
	"testing"
	"time"

	"exporter/record"
	"exporter/sources"
)

// reading is everything a Read yielded, in text.
type reading struct {
	rows     []map[string]string // with "table" where there are several
	rejects  []string            // reasons
	raw      []string            // of rejects
	types    map[string]record.Type
	tallies  []*record.Tally
	warnings string
	pages    []sources.Page // those with a checkpoint
	err      error
}

// read reads a slice of a report to its end.
func read(tb testing.TB, s sources.Source, part string, i sources.Interval) *reading {
	tb.Helper()
	return readStream(tb, s, sources.Request{Stream: report(tb, s), Part: part, Interval: i, Zone: time.UTC})
}

func readStream(tb testing.TB, s sources.Source, req sources.Request) *reading {
	tb.Helper()
	got := &reading{types: map[string]record.Type{}}
	for _, table := range req.Stream.Tables {
		got.tallies = append(got.tallies, record.NewTally(table))
		for _, c := range table.Columns {
			got.types[c.Name] = c.Type
		}
	}
	for page, err := range s.Read(tb.Context(), req) {
		if err != nil {
			got.err = err
			break
		}
		got.add(req.Stream, &page)
	}
	return got
}

func (g *reading) add(stream sources.Stream, page *sources.Page) {
	if page.Warning != "" {
		g.warnings += page.Warning + "\n"
	}
	if page.Next != nil {
		g.pages = append(g.pages, *page)
	}
	table := stream.Tables[page.Batch.Table]
	for row := range page.Batch.Rows() {
		cells := map[string]string{}
		if len(stream.Tables) > 1 {
			cells["table"] = table.Name
		}
		for col, c := range table.Columns {
			if text, null := record.Format(c.Type, &page.Batch, row, col); !null {
				cells[c.Name] = text
			}
		}
		g.rows = append(g.rows, cells)
	}
	if page.Batch.Rows() > 0 {
		g.tallies[page.Batch.Table].Add(&page.Batch)
	}
	shape := table.Rejects()
	for row := range page.Rejects.Rows() {
		raw, _ := record.Format(shape.Columns[0].Type, &page.Rejects, row, 0)
		column, _ := record.Format(shape.Columns[1].Type, &page.Rejects, row, 1)
		reason, _ := record.Format(shape.Columns[2].Type, &page.Rejects, row, 2)
		g.rejects, g.raw = append(g.rejects, column+": "+reason), append(g.raw, raw)
	}
}

func (g *reading) hash() string {
	var all []string
	for _, t := range g.tallies {
		all = append(all, t.Hash())
	}
	return strings.Join(all, " ")
}
