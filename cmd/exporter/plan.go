package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs"
	"exporter/jobs/config"
)

func (p *program) planCommand() *cobra.Command {
	var b bounds
	cmd := &cobra.Command{
		Use:   "plan JOB",
		Short: "Show what a run would export, with estimated calls and minutes",
		Long: `plan lists the slices of a run in the order of work, with what is known of each, and
estimates the requests and how long the limits make them take, with what was learned of
them and what is used up already. It reads the ledgers
of the sinks, asks the vendor for no report and writes nothing.

Without --from it shows what a run would do now: the lookback, and whatever the job
still owes.`,
		Example: `  exporter plan conversions
  exporter plan conversions --from 2026-01-01 --to 2026-02-01`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(jobNames, 1),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.plan(cmd.Context(), args[0], b) },
	}
	b.register(cmd, "what is planned")
	return cmd
}

// plannedObject is one slice a run would export.
type plannedObject struct {
	Type          string    `json:"type"` // planned
	Job           string    `json:"job"`
	Part          string    `json:"part,omitempty"`
	IntervalStart time.Time `json:"interval_start,omitzero"`
	IntervalEnd   time.Time `json:"interval_end,omitzero"`
	Open          bool      `json:"open"`  // still running: provisional
	Known         string    `json:"known"` // state of the slice now; missing if nothing is known
	Calls         int64     `json:"calls"` // estimated
}

// planObject sums a plan up.
type planObject struct {
	Type     string  `json:"type"` // plan
	Job      string  `json:"job"`
	Slices   int     `json:"slices"`
	Calls    int64   `json:"calls"`            // estimated
	Duration float64 `json:"duration_seconds"` // at least, as far as the limits decide
}

func (p *program) plan(ctx context.Context, name string, b bounds) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	job, err := jobNamed(s.cfg, name)
	if err != nil {
		return err
	}
	from, to, err := b.of(job)
	if err != nil {
		return err
	}
	plan, err := s.engine.Plan(ctx, job, from, to)
	if err != nil {
		return err
	}
	for _, w := range plan.Warnings {
		p.out.warn(w)
	}
	if p.out.json {
		p.planObjects(job, plan)
	} else {
		p.showPlan(job, plan)
	}
	return nil
}

func (p *program) planObjects(job *config.Job, plan jobs.Plan) {
	for _, s := range plan.Slices {
		p.out.object(plannedObject{
			Type: "planned", Job: job.Name, Part: s.Part, IntervalStart: utc(s.Interval.Start), IntervalEnd: utc(s.Interval.End),
			Open: s.Open, Known: s.Known, Calls: s.Calls,
		})
	}
	p.out.object(planObject{Type: "plan", Job: job.Name, Slices: len(plan.Slices), Calls: plan.Calls, Duration: seconds(plan.Duration)})
}

func (p *program) showPlan(job *config.Job, plan jobs.Plan) {
	var rows [][]string
	for _, s := range plan.Slices {
		known := s.Known
		if s.Open {
			known += ", still open"
		}
		rows = append(rows, []string{span(s.Interval, job.DataZone), s.Part, known, number(s.Calls)})
	}
	if len(rows) > 0 {
		p.out.table([]string{"interval", "part", "known", "calls"}, rows)
	}
	p.out.text("%s, about %s, %s within the limits\n", count(len(plan.Slices), "slice"), count(plan.Calls, "call"), atLeast(plan.Duration))
}

// atLeast is an estimated time for people.
func atLeast(d time.Duration) string {
	if d < time.Minute {
		return "under a minute"
	}
	return count(int64((d+time.Minute-1)/time.Minute), "minute")
}
