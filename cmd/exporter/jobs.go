package main

import (
	"context"
	"errors"
	"fmt"
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
ended, and what waits for quota. Its condition is that of the status page: late (a firing has
not succeeded by its deadline, or without one by when it was due), failing, failed (the last
firing, or slices of a backfill or of days that were named), waiting, running, new or paused.
Under the table stands why, since when, and the command to call.`,
		Example: `  exporter jobs
  exporter jobs --next 5
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
	all, err := p.glance(ctx, s)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(8)
	for i, job := range s.cfg.Jobs {
		group.Go(func() error { return p.overview(ctx, s, job, &all[i], next) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	status.WorstFirst(all)
	p.showJobs(s.cfg, all)
	return nil
}

// overview adds to what the state knows of a job what its sinks say, and more of its
// firings.
func (p *program) overview(ctx context.Context, s *session, job *config.Job, o *status.Job, next int) error {
	at := p.Now().In(job.Zone)
	if len(o.Next) > 0 { // which of @every counts from the last firing
		at = o.Next[0].In(job.Zone)
	}
	for o.Next = o.Next[:min(max(next, 0), len(o.Next))]; len(o.Next) < next; {
		if at = job.Cron.Next(at); at.IsZero() {
			break // a schedule that never fires again, such as 30 February
		}
		o.Next = append(o.Next, at.UTC())
	}
	if len(o.Next) > 0 {
		o.Offset = seconds(jobs.StartOffset(s.cfg.Jobs, job, o.Next[0]))
	}
	views, err := s.engine.Slices(ctx, job, p.Now().AddDate(0, 0, -overviewDays), time.Time{})
	if err != nil {
		return err
	}
	i := newestComplete(job, views)
	o.CompleteStart, o.CompleteEnd = utc(i.Start), utc(i.End)
	return nil
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
// wait stands at the end of its reason, before the request.
func lastRun(o status.Job, zone *time.Location) string {
	if o.Waiting == 0 {
		return o.LastState
	}
	waits := "slices wait"
	if o.Waiting == 1 {
		waits = "slice waits"
	}
	reason, _, _ := strings.Cut(o.WaitReason, " (")
	cause := reason[strings.LastIndex(reason, ": ")+1:]
	return fmt.Sprintf("%s, %d %s until %s:%s", o.LastState, o.Waiting, waits, clock(o.WaitUntil, zone), cause)
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
		mark := o.Condition
		if mark == status.JobOK {
			mark = ""
		}
		var next []string
		for i, t := range o.Next {
			next = append(next, clock(t, job.Zone))
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
			strings.Join(next, ", "), newest, lastRun(o, job.Zone),
		})
	}
	p.out.table([]string{"condition", "job", "stream", "sinks", "schedule", "next", "complete", "last run"}, rows)
	for _, o := range all {
		o.Command = strings.Replace(o.Command, p.self(), commandOf(p.flags.config), 1) // for here, not for any folder
		for _, line := range whyLines(o, cfg.Job(o.Name).Zone) {
			p.out.text("%s\n", p.out.local(line))
		}
	}
}

// whyLines say of a job that is not well why, since when and what to press.
func whyLines(o status.Job, zone *time.Location) []string {
	if o.Why == "" {
		return nil
	}
	why := o.Name + ": " + o.Why
	switch {
	case o.Failed > 1:
		why += fmt.Sprintf("; %d firings in a row failed since %s", o.Failed, clock(o.FirstFailure, zone))
	case o.Failed == 1:
		why += "; failed since " + clock(o.FirstFailure, zone)
	}
	if !o.RetryAt.IsZero() {
		why += "; tried again at " + clock(o.RetryAt, zone)
	}
	lines := []string{"", why}
	for _, more := range []string{o.Hint, o.Command} {
		if more != "" {
			lines = append(lines, "  "+oneLine(more))
		}
	}
	return lines
}
