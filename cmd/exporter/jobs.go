package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
	"exporter/status"
)

func (p *program) jobsCommand() *cobra.Command {
	var next int
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Show every job: what is late first, then by next firing",
		Long: `jobs shows the jobs of the configuration with their next firings (in the zone of the
schedule; +38s is how much later the job begins, because others that share its login fire
in that minute too), the newest interval that is complete in every sink, how the last run
ended, and what waits for quota. A job is late when a firing that was due has not succeeded.`,
		Example: `  exporter jobs
  exporter jobs --json | jq -r 'select(.late).name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.jobs(cmd.Context(), next) },
	}
	cmd.Flags().IntVar(&next, "next", 1, "how many firings to show")
	return cmd
}

// lookback of the overview: a slice older than this is not looked for.
const overviewDays = 100

func (p *program) jobs(ctx context.Context, next int) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	all := make([]status.Job, len(s.cfg.Jobs))
	paused, err := s.state.Paused(ctx)
	if err != nil {
		return err
	}
	waits, err := s.state.Waits(ctx, time.Time{})
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(8)
	for i, job := range s.cfg.Jobs {
		group.Go(func() (err error) {
			all[i], err = p.overview(ctx, s, job, next)
			all[i].Paused = slices.Contains(paused, job.Name)
			wait(&all[i], waits)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	slices.SortStableFunc(all, lateFirst)
	p.showJobs(s.cfg, all)
	return nil
}

// overview looks a job up.
func (p *program) overview(ctx context.Context, s *session, job *config.Job, next int) (status.Job, error) {
	o := jobOf(job)
	last, err := s.engine.LastComplete(ctx, job)
	if err != nil {
		return o, err
	}
	firings(&o, job, p.Now(), last, next)
	if len(o.Next) > 0 {
		o.Offset = seconds(jobs.StartOffset(s.cfg.Jobs, job, o.Next[0]))
	}
	runs, err := s.state.Runs(ctx, job.Name, 1)
	if err != nil {
		return o, err
	}
	if len(runs) > 0 {
		o.LastState, o.LastRequested, o.LastError = runs[0].State, utc(runs[0].Requested), oneLine(runs[0].Error)
	}
	views, err := s.engine.Slices(ctx, job, p.Now().AddDate(0, 0, -overviewDays), time.Time{})
	if err != nil {
		return o, err
	}
	i := newestComplete(job, views)
	o.CompleteStart, o.CompleteEnd = utc(i.Start), utc(i.End)
	return o, nil
}

// firings fills in what is due and what comes next. A job without a run that did
// all of what was due is late: it owes its first.
func firings(o *status.Job, job *config.Job, now, last time.Time, next int) {
	o.Late = last.IsZero()
	if !o.Late {
		if due := job.Cron.Next(last.In(job.Zone)); due.Before(now) {
			o.Late, o.Due = true, utc(due)
		}
	}
	for at := now.In(job.Zone); len(o.Next) < next; {
		if at = job.Cron.Next(at); at.IsZero() {
			return // a schedule that never fires again, such as 30 February
		}
		o.Next = append(o.Next, at.UTC())
	}
}

// wait fills in what of the job waits for quota.
func wait(o *status.Job, all []state.Wait) {
	for _, w := range all {
		if w.Job == o.Name {
			o.Waiting, o.WaitUntil, o.WaitReason = w.Slices, utc(w.Until), oneLine(w.Reason)
		}
	}
}

// lastRun is how the last run ended and what waits, for people. The cause of a
// wait stands at the end of its reason.
func lastRun(o status.Job) string {
	if o.Waiting == 0 {
		return o.LastState
	}
	waits := "slices wait"
	if o.Waiting == 1 {
		waits = "slice waits"
	}
	cause := o.WaitReason[strings.LastIndex(o.WaitReason, ": ")+1:]
	return fmt.Sprintf("%s, %d %s until %s:%s", o.LastState, o.Waiting, waits, clock(o.WaitUntil), cause)
}

// newestComplete returns the newest interval that all its known parts have in
// every sink of the job, zero if there is none.
func newestComplete(job *config.Job, known []jobs.SliceView) sources.Interval {
	var newest sources.Interval
	for i := 0; i < len(known); {
		whole, start := true, known[i].Start
		end := known[i].End
		for ; i < len(known) && known[i].Start.Equal(start); i++ {
			whole = whole && known[i].Complete(job)
		}
		if whole {
			newest = sources.Interval{Start: start, End: end}
		}
	}
	return newest
}

func lateFirst(a, b status.Job) int {
	if a.Late != b.Late {
		if a.Late {
			return -1
		}
		return 1
	}
	if len(a.Next) == 0 || len(b.Next) == 0 {
		return cmp.Compare(len(b.Next), len(a.Next))
	}
	return a.Next[0].Compare(b.Next[0])
}

func (p *program) showJobs(cfg *config.Config, all []status.Job) {
	if p.out.json {
		for _, o := range all {
			p.out.object(o)
		}
		return
	}
	var rows [][]string
	for _, o := range all {
		job := cfg.Job(o.Name)
		mark := ""
		switch {
		case o.Paused:
			mark = "paused"
		case o.Late:
			mark = "late"
		}
		var next []string
		for i, t := range o.Next {
			next = append(next, clockIn(t, job.Zone))
			if i == 0 && o.Offset > 0 {
				next[0] += fmt.Sprintf(" +%.0fs", o.Offset)
			}
		}
		newest := ""
		if o.CompleteEnd != (time.Time{}) {
			newest = span(sources.Interval{Start: o.CompleteStart, End: o.CompleteEnd}, job.DataZone)
		}
		rows = append(rows, []string{
			mark, o.Name, o.Source + "." + o.Stream, strings.Join(o.Sinks, ", "), o.Schedule,
			strings.Join(next, ", "), newest, lastRun(o),
		})
	}
	p.out.table([]string{"late", "job", "stream", "sinks", "schedule", "next", "complete", "last run"}, rows)
}
