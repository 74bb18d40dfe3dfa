package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
)

// backfillFlags are what a backfill does.
type backfillFlags struct {
	bounds
	missing, all, outdated, yes, dry bool
	parallel                         int
}

func (p *program) backfillCommand() *cobra.Command {
	var f backfillFlags
	cmd := &cobra.Command{
		Use:   "backfill JOB",
		Short: "Export a stretch of the past, beside the nightly runs",
		Long: `backfill exports the slices between --from and --to that are not complete in every sink
(--missing, the default), all of them (--all), or those that were loaded under an older
definition of the job (--outdated). Before it begins it says how many slices, calls and
minutes that is and what share of a day's quota, and asks; --yes is for scripts, --dry-run
only says it.

It goes after scheduled runs: their requests are served first, a run of the same job that
comes due is let through, and half of the places at work stay free unless --parallel says
otherwise. While a serve works on the same state, it does the work and backfill follows.

Ctrl-C ends it. What is complete stays, and the same command goes on with the rest; that
is so after a crash, too.`,
		Example: `  exporter backfill conversions --from 2025-01-01 --to 2026-01-01 --dry-run
  exporter backfill conversions --from 2025-01-01 --to 2026-01-01
  exporter backfill conversions --from 2026-01-01 --outdated --parallel 2 --yes`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(jobNames, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("parallel") && f.parallel < 1 {
				return usageError(fmt.Errorf("--parallel %d: write at least 1", f.parallel))
			}
			return p.backfill(cmd.Context(), args[0], f)
		},
	}
	f.register(cmd, "what is exported")
	flags := cmd.Flags()
	flags.BoolVar(&f.missing, "missing", false, "slices that are not complete in every sink (the default)")
	flags.BoolVar(&f.all, "all", false, "every slice, loaded again where its rows have changed")
	flags.BoolVar(&f.outdated, "outdated", false, "slices that were loaded under an older definition of the job")
	flags.IntVar(&f.parallel, "parallel", 0, "slices at work at once; default: half of concurrency in [exporter]")
	flags.BoolVar(&f.yes, "yes", false, "begin without asking")
	flags.BoolVar(&f.dry, "dry-run", false, "only say what would be done")
	cmd.MarkFlagsMutuallyExclusive("missing", "all", "outdated")
	cmd.MarkFlagsMutuallyExclusive("yes", "dry-run")
	return cmd
}

// backfillObject is what a backfill is about to do.
type backfillObject struct {
	Type     string    `json:"type"` // backfill
	Job      string    `json:"job"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Which    string    `json:"which"` // missing, all or outdated
	Slices   int       `json:"slices"`
	Calls    int64     `json:"calls"`                 // estimated
	Duration float64   `json:"duration_seconds"`      // at least, as far as the limits decide
	Daily    int64     `json:"daily_calls,omitempty"` // that the limits let through in a day; absent: no limit
	Share    float64   `json:"quota_share,omitempty"` // calls / daily_calls
	Goes     bool      `json:"continues"`             // the same backfill ended early, this one does the rest
}

func (f backfillFlags) which() string {
	switch {
	case f.all:
		return "all"
	case f.outdated:
		return state.OnlyOutdated
	default:
		return state.OnlyMissing
	}
}

func (p *program) backfill(ctx context.Context, name string, f backfillFlags) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	job, request, err := f.request(cfg, name, p.Now())
	if err != nil {
		return err
	}
	request, plan, err := p.previewOf(ctx, cfg, job, request, f)
	if err != nil {
		return err
	}
	if f.dry || len(plan.Slices) == 0 {
		return nil
	}
	if err := p.confirm(ctx, f.yes, "Begin?", "y"); err != nil {
		return err
	}
	rep := newReport(p, cfg)
	runs, err := p.work(ctx, cfg, []state.Run{request}, rep)
	rep.sum(runs)
	rep.failures(runs, func(state.Run) string { return p.backfillAgain(name, f) })
	p.code = jobs.Combine(exitCodes(runs))
	return err
}

// request turns the command line into a request.
func (f backfillFlags) request(cfg *config.Config, name string, now time.Time) (*config.Job, state.Run, error) {
	job, err := jobNamed(cfg, name)
	if err != nil {
		return nil, state.Run{}, err
	}
	if f.from == "" && job.Kind.Windowed {
		return nil, state.Run{}, fault.New(fault.Config, "backfill of job %s: from when on?", name).
			WithHint("Write --from with a date, the first day to export; --to is the end, exclusive, by default that of the newest closed interval.")
	}
	if !job.Kind.Windowed {
		return nil, state.Run{}, fault.New(fault.Config, "job %s: stream %s is the current state, there is no past to export", name, job.Kind.Name).
			WithHint("`exporter run %s` brings it up to date.", name)
	}
	from, to, err := f.of(job)
	if err == nil {
		err = jobs.CheckBounds(job, from, to, now)
	}
	r := state.Run{Job: name, Trigger: state.TriggerBackfill, From: from, To: to, Priority: state.PriorityBackfill, Parallel: f.parallel}
	if !f.all {
		r.Only = f.which()
	}
	return job, r, err
}

// previewOf says what the request does, and lets a backfill of everything go on where
// the same one ended early.
func (p *program) previewOf(ctx context.Context, cfg *config.Config, job *config.Job, r state.Run, f backfillFlags) (_ state.Run, _ jobs.Plan, err error) {
	s, err := p.open(ctx, cfg, p.Stderr, func(jobs.Event) {})
	if err != nil {
		return r, jobs.Plan{}, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	goes := false
	if f.all {
		if r, goes, err = s.engine.Continue(ctx, r); err != nil {
			return r, jobs.Plan{}, err
		}
	}
	plan, err := s.engine.PlanRun(ctx, job, r)
	if err != nil {
		return r, plan, err
	}
	for _, w := range plan.Warnings {
		p.out.warn(w)
	}
	o := backfillObject{
		Type: "backfill", Job: job.Name, From: utc(r.From), To: utc(r.To), Which: f.which(),
		Slices: len(plan.Slices), Calls: plan.Calls, Duration: seconds(plan.Duration), Daily: plan.Daily, Goes: goes,
	}
	if plan.Daily > 0 {
		o.Share = float64(plan.Calls) / float64(plan.Daily)
	}
	if p.out.json {
		p.out.object(o)
	} else {
		p.out.text("%s\n", o.text(job, plan))
	}
	return r, plan, nil
}

// text is the preview for people.
func (o backfillObject) text(job *config.Job, plan jobs.Plan) string {
	kind := map[string]string{state.OnlyMissing: "not complete", state.OnlyOutdated: "of an older definition", "all": "all"}[o.Which]
	if o.Slices == 0 {
		return fmt.Sprintf("%s: nothing to do, no slice is %s", o.Job, kind)
	}
	newest, oldest := plan.Slices[0].Interval, plan.Slices[len(plan.Slices)-1].Interval
	known := map[string]int{}
	for _, s := range plan.Slices {
		known[s.Known]++
	}
	lines := []string{
		fmt.Sprintf("%s: %s (%s), %s back to %s", o.Job, count(o.Slices, "slice"), kind, span(newest, job.DataZone), span(oldest, job.DataZone)),
		"known of them: " + tally(known),
		fmt.Sprintf("about %s, %s within the limits", count(o.Calls, "call"), atLeast(plan.Duration)),
	}
	if o.Daily > 0 {
		lines[2] += fmt.Sprintf("; %s of the %s that these allow a day", percent(o.Share), count(o.Daily, "call"))
	}
	if o.Goes {
		lines = append(lines, "goes on with a backfill that ended early; what it did is not done again")
	}
	return strings.Join(lines, "\n")
}

func percent(share float64) string {
	switch p := share * 100; {
	case p > 0 && p < 1:
		return "under 1%"
	default:
		return fmt.Sprintf("%.0f%%", p)
	}
}

// backfillAgain is what to type to go on.
func (p *program) backfillAgain(job string, f backfillFlags) string {
	words := []string{commandOf(p.flags.config), "backfill", job, "--from", f.from}
	if f.to != "" {
		words = append(words, "--to", f.to)
	}
	if which := f.which(); which != state.OnlyMissing {
		words = append(words, "--"+which)
	}
	if f.parallel > 0 {
		words = append(words, "--parallel", number(f.parallel))
	}
	return strings.Join(words, " ")
}

// confirm asks a person at a terminal, who has to type want. Scripts say yes.
func (p *program) confirm(ctx context.Context, yes bool, question, want string) error {
	if yes {
		return nil
	}
	if f, ok := p.Stdin.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return fault.New(fault.Config, "nobody is there to be asked").WithHint("There is no terminal: write --yes if it is to be done.")
	}
	p.out.note("%s Type %s to go on.", question, want)
	line, err := lineOf(ctx, bufio.NewReader(p.Stdin))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != want {
		return fault.New(fault.Config, "%q is not %s: nothing was done", strings.TrimSpace(line), want)
	}
	return nil
}
