package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs/config"
	"exporter/state"
	"exporter/status"
)

func (p *program) runsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "runs [JOB or RUN]",
		Short: "Show the history of runs, newest first",
		Long: `runs shows the latest runs, of all jobs or of one. With the id of a run it tells all of
that: what was asked for and by what, how it went, who purged what, and its slices.`,
		Example: `  exporter runs
  exporter runs conversions --limit 3
  exporter runs 06h08ctaqb343j592andck4pf4
  exporter runs --json | jq 'select(.state != "succeeded")'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.offer(jobNames, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return usageError(fmt.Errorf("--limit %d: write at least 1", limit))
			}
			return p.runs(cmd.Context(), args, limit)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many runs")
	return cmd
}

func runOf(r state.Run) status.Run {
	return status.Run{
		Type: "run", ID: r.ID, Job: r.Job, Trigger: r.Trigger, From: utc(r.From), To: utc(r.To), Only: r.Only, Force: r.Force,
		State: r.State, ExitCode: r.ExitCode, Slices: r.Slices, Committed: r.Committed, Unchanged: r.Unchanged,
		Failed: r.Failed, Waiting: r.Waiting, WaitUntil: utc(r.WaitUntil), Rows: r.Rows, Calls: r.Calls,
		Requested: utc(r.Requested), Started: utc(r.Started), Finished: utc(r.Finished), Took: seconds(length(r)),
		Class: r.Class, Error: oneLine(r.Error), Hint: r.Hint,
	}
}

// zoneFor is the zone of a job's schedule, that of [exporter] for a job that is no more.
func zoneFor(cfg *config.Config, job string) *time.Location {
	if j := cfg.Job(job); j != nil {
		return j.Zone
	}
	return cfg.Exporter.Zone
}

// length is how long a run took, 0 while it goes on.
func length(r state.Run) time.Duration {
	if r.Started.IsZero() || r.Finished.IsZero() {
		return 0
	}
	return r.Finished.Sub(r.Started)
}

func (p *program) runs(ctx context.Context, args []string, limit int) (err error) {
	s, err := p.remember(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	job := ""
	if len(args) > 0 {
		r, is, err := s.state.Run(ctx, args[0])
		if err != nil {
			return err
		}
		if is {
			return p.showRun(ctx, s, r)
		}
		j, err := jobNamed(s.cfg, args[0])
		if err != nil {
			return err
		}
		job = j.Name
	}
	all, err := s.state.Runs(ctx, job, limit)
	if err != nil {
		return err
	}
	if p.out.json {
		for _, r := range all {
			p.out.object(runOf(r))
		}
		return nil
	}
	if len(all) == 0 {
		p.out.note("no run yet")
		return nil
	}
	var rows [][]string
	for _, r := range all {
		zone := zoneFor(s.cfg, r.Job)
		rows = append(rows, []string{clock(r.Requested, zone), r.Job, r.State, sliceCounts(r, zone), number(r.Rows), took(length(r)), r.Trigger, r.ID, cmp.Or(r.Error, r.Note)})
	}
	p.out.table([]string{"requested", "job", "state", "slices", "rows", "took", "trigger", "run", "error"}, rows)
	return nil
}
