package hubrise_test

import (
	"testing"

	"exporter/record"
	"exporter/sources"
)

// reading is everything a Read yielded, in text.
type reading struct {
	rows     map[string][]map[string]string // by table
	rejects  []string                       // table, column and reason
	raw      []string                       // of rejects
	tallies  []*record.Tally
	warnings string
	pages    []sources.Page // those with a checkpoint
	err      error
}

// read reads a slice of a stream to its end.
func read(tb testing.TB, s sources.Source, name, part string, i sources.Interval) *reading {
	tb.Helper()
	return readOn(tb, s, sources.Request{Stream: stream(tb, s, name), Part: part, Interval: i, Zone: zone(tb, "Europe/Paris")})
}

func readOn(tb testing.TB, s sources.Source, req sources.Request) *reading {
	tb.Helper()
	got := &reading{rows: map[string][]map[string]string{}}
	for _, table := range req.Stream.Tables {
		got.tallies = append(got.tallies, record.NewTally(table))
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
		for col, c := range table.Columns {
			if text, null := record.Format(c.Type, &page.Batch, row, col); !null {
				cells[c.Name] = text
			}
		}
		g.rows[table.Name] = append(g.rows[table.Name], cells)
	}
	if page.Batch.Rows() > 0 {
		g.tallies[page.Batch.Table].Add(&page.Batch)
	}
	shape := table.Rejects()
	for row := range page.Rejects.Rows() {
		raw, _ := record.Format(shape.Columns[0].Type, &page.Rejects, row, 0)
		column, _ := record.Format(shape.Columns[1].Type, &page.Rejects, row, 1)
		reason, _ := record.Format(shape.Columns[2].Type, &page.Rejects, row, 2)
		g.rejects, g.raw = append(g.rejects, table.Name+"."+column+": "+reason), append(g.raw, raw)
	}
}
