package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs"
	"exporter/jobs/config"
)

func (p *program) previewCommand() *cobra.Command {
	var rows int
	cmd := &cobra.Command{
		Use:   "preview JOB",
		Short: "Show the first rows of a job, typed, without writing any",
		Long: `preview reads the first rows of the newest closed interval and shows them as they
would be stored: names, types, drops and hashes of the job applied. Rows that cannot
be typed follow with the reason. Nothing is written.`,
		Example: `  exporter preview conversions
  exporter preview conversions --rows 3 --json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(jobNames, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rows < 1 {
				return usageError(fmt.Errorf("--rows %d: write at least 1", rows))
			}
			return p.preview(cmd.Context(), args[0], rows)
		},
	}
	cmd.Flags().IntVar(&rows, "rows", 10, "how many rows of each table")
	return cmd
}

// previewObject is one table of a preview, before its rows.
type previewObject struct {
	Type          string         `json:"type"` // preview
	Job           string         `json:"job"`
	Part          string         `json:"part,omitempty"`
	IntervalStart time.Time      `json:"interval_start,omitzero"`
	IntervalEnd   time.Time      `json:"interval_end,omitzero"`
	Table         string         `json:"table"`
	Columns       []columnObject `json:"columns"`
}

// rowObject is one row of a preview; values have the order of the columns.
type rowObject struct {
	Type   string    `json:"type"` // row
	Table  string    `json:"table"`
	Values []*string `json:"values"` // canonical text; null for null
}

// rejectObject is one row of a preview that could not be typed.
type rejectObject struct {
	Type   string `json:"type"` // reject
	Table  string `json:"table"`
	Raw    string `json:"raw"`
	Column string `json:"column"`
	Reason string `json:"reason"`
}

func (p *program) preview(ctx context.Context, name string, rows int) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	job, err := jobNamed(s.cfg, name)
	if err != nil {
		return err
	}
	tables, err := s.engine.Preview(ctx, job, rows)
	if err != nil {
		return fmt.Errorf("preview job %s: %w", name, err)
	}
	for _, t := range tables {
		if p.out.json {
			p.previewObjects(job, t)
		} else {
			p.showPreview(job, t)
		}
	}
	return nil
}

// tableName is the final name of a table of a preview.
func tableName(job *config.Job, t jobs.Preview) string {
	if t.Table.Name == "" {
		return job.Table
	}
	return job.Table + "_" + t.Table.Name
}

func (p *program) previewObjects(job *config.Job, t jobs.Preview) {
	table := tableName(job, t)
	p.out.object(previewObject{
		Type: "preview", Job: job.Name, Part: t.Part, Table: table, Columns: columnsOf(t.Table),
		IntervalStart: utc(t.Interval.Start), IntervalEnd: utc(t.Interval.End),
	})
	for _, r := range t.Rows {
		p.out.object(rowObject{Type: "row", Table: table, Values: r})
	}
	for _, r := range t.Rejects {
		p.out.object(rejectObject{Type: "reject", Table: table, Raw: r[0], Column: r[1], Reason: r[2]})
	}
}

// shown writes nulls out.
func shown(rows [][]*string) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		out[i] = make([]string, len(row))
		for c, cell := range row {
			if out[i][c] = "NULL"; cell != nil {
				out[i][c] = *cell
			}
		}
	}
	return out
}

func (p *program) showPreview(job *config.Job, t jobs.Preview) {
	p.out.text("%s, %s: %s\n", tableName(job, t), span(t.Interval, job.DataZone), count(len(t.Rows), "row"))
	header, types := make([]string, len(t.Table.Columns)), make([]string, len(t.Table.Columns))
	for i, c := range t.Table.Columns {
		header[i], types[i] = c.Name, c.Type.String()
	}
	p.out.typed(header, types, shown(t.Rows))
	if len(t.Rejects) > 0 {
		p.out.text("\n%s could not be typed\n", count(len(t.Rejects), "row"))
		p.out.table([]string{"raw", "column", "reason"}, t.Rejects)
	}
	p.out.text("\n")
}
