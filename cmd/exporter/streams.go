package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"exporter/jobs/config"
	"exporter/record"
	"exporter/sources"
)

func (p *program) streamsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "streams SOURCE [STREAM]",
		Short: "Show what a source offers: streams, tables, columns, types, keys",
		Long: `streams lists the streams of a source with their tables and columns, as a job
without options and column settings of its own would fill them. Where a job of the
configuration reads a stream, its preview shows the columns that the job gets.`,
		Example: `  exporter streams tune
  exporter streams tune conversions
  exporter streams tune --json`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: p.offer(sourceNames, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.streams(cmd.Context(), args[0], args[1:])
		},
	}
}

// streamObject is a stream with everything it fills.
type streamObject struct {
	Type        string        `json:"type"` // stream
	Source      string        `json:"source"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Tables      []tableObject `json:"tables"`
	Jobs        []string      `json:"jobs"` // that read it; their options may add columns
}

type tableObject struct {
	Name        string         `json:"name"` // "" takes the job's table as its name, others come after it
	Description string         `json:"description,omitempty"`
	Key         []string       `json:"key"`
	Columns     []columnObject `json:"columns"`
}

type columnObject struct {
	Name        string `json:"name"`
	Origin      string `json:"origin"` // the vendor's name
	Type        string `json:"type"`
	Required    bool   `json:"required"`
	Description string `json:"description,omitempty"`
}

func (p *program) streams(ctx context.Context, name string, only []string) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	source, err := sourceNamed(s.cfg, name)
	if err != nil {
		return err
	}
	all, err := s.engine.Streams(ctx, source)
	if err != nil {
		return err
	}
	if len(only) > 0 {
		names := streamNames(all)
		all = slices.DeleteFunc(all, func(s sources.Stream) bool { return s.Name != only[0] })
		if len(all) == 0 {
			return unknown("stream", only[0], "source "+name, names)
		}
	}
	for _, stream := range all {
		if p.out.json {
			p.out.object(streamOf(name, stream, readers(s.cfg, source, stream.Name)))
			continue
		}
		p.showStream(stream, readers(s.cfg, source, stream.Name))
	}
	return nil
}

func streamNames(all []sources.Stream) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// readers returns the names of the jobs that read a stream of a source.
func readers(cfg *config.Config, source *config.Source, stream string) []string {
	names := []string{}
	for _, j := range cfg.Jobs {
		if j.Source == source && j.Kind.Name == stream {
			names = append(names, j.Name)
		}
	}
	return names
}

func streamOf(source string, s sources.Stream, jobs []string) streamObject {
	o := streamObject{Type: "stream", Source: source, Name: s.Name, Description: s.Doc, Tables: []tableObject{}, Jobs: jobs}
	for _, t := range s.Tables {
		o.Tables = append(o.Tables, tableOf(t))
	}
	return o
}

func tableOf(t record.Table) tableObject {
	o := tableObject{Name: t.Name, Description: t.Description, Key: append([]string{}, t.Key...), Columns: columnsOf(t)}
	return o
}

func columnsOf(t record.Table) []columnObject {
	columns := make([]columnObject, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = columnObject{Name: c.Name, Origin: c.Wire(), Type: c.Type.String(), Required: c.Required, Description: c.Description}
	}
	return columns
}

func (p *program) showStream(s sources.Stream, jobs []string) {
	p.out.text("%s  %s\n", s.Name, oneLine(s.Doc))
	for _, t := range s.Tables {
		name := "TABLE"
		if t.Name != "" {
			name = "TABLE_" + t.Name
		}
		p.out.text("\ntable %s, key (%s)  %s\n", name, strings.Join(t.Key, ", "), oneLine(t.Description))
		var rows [][]string
		for _, c := range t.Columns {
			null := "yes"
			if c.Required {
				null = "no"
			}
			rows = append(rows, []string{c.Name, c.Type.String(), null, c.Wire(), c.Description})
		}
		p.out.table([]string{"column", "type", "null", "vendor's name", "description"}, rows)
	}
	for _, job := range jobs {
		p.out.text("\ncolumns of job %s, by its options: %s preview %s\n", job, commandOf(p.flags.config), job)
	}
	p.out.text("\n")
}
