package jobs

import (
	"context"
	"slices"

	"exporter/jobs/config"
	"exporter/record"
	"exporter/sources"
)

// Preview is the first rows of a job, typed, as they would be stored.
type Preview struct {
	Interval sources.Interval
	Part     string
	Table    record.Table
	Rows     [][]*string // canonical text, nil for null
	Rejects  [][]string  // raw, column, reason
}

// Preview reads the first rows of the newest closed interval. Nothing is written.
// It fails while another process works on the state.
func (e *Engine) Preview(ctx context.Context, job *config.Job, rows int) ([]Preview, error) {
	if err := e.exclusive(ctx, "preview"); err != nil {
		return nil, err
	}
	src, err := e.source(ctx, job.Source, job.Options, nil)
	if err != nil {
		return nil, err
	}
	defer e.shut(src)
	stream, err := resolve(ctx, src, job, e.cfg.Exporter.HashKey)
	if err != nil {
		return nil, err
	}
	parts, err := partsOf(ctx, src, job)
	if err != nil {
		return nil, err
	}
	var newest sources.Interval
	if job.Kind.Windowed {
		newest = planOf(job).Newest(e.o.Now())
	}
	out := make([]Preview, len(stream.Tables))
	for i, t := range stream.Tables {
		out[i] = Preview{Interval: newest, Part: parts[0], Table: t}
	}
	req := sources.Request{Stream: stream, Part: parts[0], Interval: newest, Zone: job.DataZone, Limit: rows}
	for page, err := range src.Read(ctx, req) {
		if err != nil {
			return nil, err
		}
		out[page.Batch.Table].take(&page, rows)
		if !slices.ContainsFunc(out, func(p Preview) bool { return len(p.Rows) < rows }) {
			break
		}
	}
	return out, nil
}

// take adds a page's rows, as far as they are wanted.
func (p *Preview) take(page *sources.Page, most int) {
	for r := 0; r < page.Batch.Rows() && len(p.Rows) < most; r++ {
		row := make([]*string, len(p.Table.Columns))
		for c, col := range p.Table.Columns {
			if text, null := record.Format(col.Type, &page.Batch, r, c); !null {
				row[c] = &text
			}
		}
		p.Rows = append(p.Rows, row)
	}
	shape := p.Table.Rejects()
	for r := 0; r < page.Rejects.Rows() && len(p.Rejects) < most; r++ {
		row := make([]string, len(shape.Columns))
		for c, col := range shape.Columns {
			row[c], _ = record.Format(col.Type, &page.Rejects, r, c)
		}
		p.Rejects = append(p.Rejects, row)
	}
}
