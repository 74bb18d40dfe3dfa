package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
)

func (p *program) purgeCommand() *cobra.Command {
	var b bounds
	var yes bool
	cmd := &cobra.Command{
		Use:   "purge JOB",
		Short: "Remove what a job has loaded: rows, objects and its record",
		Long: `purge removes slices of a job from every sink: rows, rejects, objects and what the ledger
says of them, and the spools and the record in the state. With --from and --to it removes the
slices that start between them, without them all. Tables stay, and so do rows of other jobs
in them. It says how much that is and asks for the job's name; --yes is for scripts. Who
purged what is in the history of runs, here and in the ledger.

It is the way to another interval or data_timezone, which cannot change while slices are
there. Afterwards the job's next firing loads its lookback, and what it owes since start;
backfill loads the rest. With write = "merge" a row goes with the slice that brought it last.

While a serve works on the same state, it does the work, after a run of the job that is
going on.`,
		Example: `  exporter purge conversions --from 2026-01-01 --to 2026-02-01
  exporter backfill conversions --from 2026-01-01 --to 2026-02-01
  exporter purge conversions --yes`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(jobNames, 1),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.purge(cmd.Context(), args[0], b, yes) },
	}
	cmd.Flags().StringVar(&b.from, "from", "", "`start` of the slices removed, inclusive: a date (midnight in the job's data zone) or an RFC 3339 time")
	cmd.Flags().StringVar(&b.to, "to", "", "`end` of the slices removed, exclusive; without it there is none")
	cmd.Flags().BoolVar(&yes, "yes", false, "remove without asking")
	return cmd
}

// purgeObject is what a sink has that is about to be removed.
type purgeObject struct {
	Type   string    `json:"type"` // purge
	Job    string    `json:"job"`
	Sink   string    `json:"sink"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	Slices int       `json:"slices"`
	Rows   int64     `json:"rows"` // as they were loaded
	Tables []string  `json:"tables"`
}

func (p *program) purge(ctx context.Context, name string, b bounds, yes bool) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	job, err := jobNamed(cfg, name)
	if err != nil {
		return err
	}
	from, to, err := b.of(job)
	if err != nil {
		return err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return usageError(fmt.Errorf("--from %s is not before --to %s", b.from, b.to))
	}
	if err := p.showPurge(ctx, cfg, job, from, to); err != nil {
		return err
	}
	if err := p.confirm(ctx, yes, "This cannot be undone.", name); err != nil {
		return err
	}
	rep := newReport(p, cfg)
	request := state.Run{Job: name, Trigger: state.TriggerPurge, From: from, To: to, Priority: state.PriorityScheduled, Note: "by " + p.person()}
	runs, err := p.work(ctx, cfg, []state.Run{request}, rep)
	if !p.out.json {
		for _, r := range runs {
			p.out.text("%s %s: %s\n", r.Job, r.State, r.Note)
		}
	}
	rep.failures(runs, func(state.Run) string { return p.purgeAgain(name, b) })
	p.code = jobs.Combine(exitCodes(runs))
	return err
}

// showPurge says what every sink has of the slices.
func (p *program) showPurge(ctx context.Context, cfg *config.Config, job *config.Job, from, to time.Time) (err error) {
	s, err := p.open(ctx, cfg, p.Stderr, func(jobs.Event) {})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	all, err := s.engine.Purgeable(ctx, job, from, to)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, k := range all {
		if p.out.json {
			p.out.object(purgeObject{Type: "purge", Job: job.Name, Sink: k.Sink, From: utc(from), To: utc(to), Slices: k.Slices, Rows: k.Rows, Tables: append([]string{}, k.Tables...)})
		}
		rows = append(rows, []string{job.Name, k.Sink, number(k.Slices), number(k.Rows), strings.Join(k.Tables, " ")})
	}
	open, err := s.state.OpenRuns(ctx)
	if err != nil {
		return err
	}
	for _, r := range open {
		switch {
		case r.Job != job.Name:
		case r.Trigger == state.TriggerBackfill:
			p.out.warn("a backfill of " + job.Name + " is not done: it gives way to this and then goes on, also with days that are removed now; end it first (Ctrl-C where it was called) if they are to stay away")
		case r.State == state.RunRunning:
			p.out.warn("a run of " + job.Name + " goes on: it is waited for, and what it loads until then is removed, too")
		}
	}
	if !p.out.json {
		p.out.table([]string{"job", "sink", "slices", "rows", "tables"}, rows)
	}
	return nil
}

// person is who uses the program, for the record.
func (p *program) person() string {
	name := "user " + number(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// purgeAgain is what to type to go on.
func (p *program) purgeAgain(job string, b bounds) string {
	text := commandOf(p.flags.config) + " purge " + job
	if b.from != "" {
		text += " --from " + b.from
	}
	if b.to != "" {
		text += " --to " + b.to
	}
	return text
}
