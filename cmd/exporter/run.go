package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
)

func (p *program) runCommand() *cobra.Command {
	var r runFlags
	cmd := &cobra.Command{
		Use:   "run JOB…",
		Short: "Run jobs now, with progress on a terminal",
		Long: `run exports what the jobs owe now (their lookback and everything that is missing), or
with --from and --to exactly those intervals. Slices whose rows have not changed are not
loaded again, unless --force says so.

Several jobs run at the same time. While another process works on the same state, run
waits for it. Stopped with Ctrl-C or SIGTERM, every slice stops at its last complete
page and the next run goes on there.`,
		Example: `  exporter run conversions
  exporter run conversions --from 2026-01-01 --to 2026-02-01
  exporter run conversions --from 2026-01-31 --force
  exporter run --all --json`,
		ValidArgsFunction: p.offer(jobNames, 0),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), args, r) },
	}
	r.register(cmd, "what is exported")
	cmd.Flags().BoolVar(&r.all, "all", false, "run every job of the configuration")
	cmd.Flags().BoolVar(&r.force, "force", false, "load slices even if their rows have not changed")
	return cmd
}

type runFlags struct {
	bounds
	all, force bool
}

// watcher shows a person what a run does while it goes on.
type watcher interface {
	io.Writer // of the log
	notify(jobs.Event)
	close()
}

func (p *program) run(ctx context.Context, names []string, r runFlags) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	requests, err := r.requests(cfg, names, p.Now())
	if err != nil {
		return err
	}
	rep := newReport(p, cfg)
	runs, err := p.work(ctx, cfg, requests, rep)
	rep.sum(runs)
	rep.failures(runs, func(run state.Run) string { return p.command(r, run) })
	p.code = jobs.Combine(exitCodes(runs))
	return err
}

// work runs the requests and returns them as they ended.
func (p *program) work(ctx context.Context, cfg *config.Config, requests []state.Run, rep *report) (runs []state.Run, err error) {
	w := p.watcher(cfg)
	defer w.close()
	s, err := p.open(ctx, cfg, w, func(e jobs.Event) {
		rep.notify(e)
		w.notify(e)
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	return s.engine.Run(ctx, requests)
}

// requests turns the command line into one request per job.
func (r *runFlags) requests(cfg *config.Config, names []string, now time.Time) ([]state.Run, error) {
	switch {
	case r.all && len(names) > 0:
		return nil, usageError(errors.New("--all runs every job; name none"))
	case r.all:
		if names = jobNames(cfg); len(names) == 0 {
			return nil, noJob(cfg)
		}
	case len(names) == 0:
		return nil, fault.New(fault.Config, "which job?").WithHint("Name one or more of %s, or use --all.", strings.Join(jobNames(cfg), ", "))
	}
	if r.to != "" && r.from == "" {
		return nil, usageError(errors.New("--to needs --from"))
	}
	var requests []state.Run
	for _, name := range names {
		job, err := jobNamed(cfg, name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(requests, func(r state.Run) bool { return r.Job == name }) {
			continue
		}
		from, to, err := r.of(job)
		if err != nil {
			return nil, err
		}
		if err := jobs.CheckBounds(job, from, to, now); err != nil {
			return nil, err
		}
		requests = append(requests, state.Run{Job: name, Trigger: state.TriggerCLI, From: from, To: to, Force: r.force, Priority: state.PriorityScheduled})
	}
	return requests, nil
}

// exitCodes are those of the runs that ended.
func exitCodes(runs []state.Run) []int {
	var codes []int
	for _, r := range runs {
		if r.Done() {
			codes = append(codes, r.ExitCode)
		}
	}
	return codes
}

// commandOf is how the program is called with a configuration.
func commandOf(path string) string {
	if path == defaultConfig {
		return "exporter"
	}
	return "exporter --config " + path
}

// command is what to type to go on with a job: if slices failed and nothing else is
// left, these alone.
func (p *program) command(r runFlags, run state.Run) string {
	if run.Failed > 0 && !r.force && run.Committed+run.Unchanged+run.Failed == run.Slices {
		return p.retryCommandOf(run)
	}
	words := []string{commandOf(p.flags.config), "run", run.Job}
	if r.from != "" {
		words = append(words, "--from", r.from)
	}
	if r.to != "" {
		words = append(words, "--to", r.to)
	}
	if r.force {
		words = append(words, "--force")
	}
	return strings.Join(words, " ")
}

// watcher shows progress on a terminal and log lines elsewhere.
func (p *program) watcher(cfg *config.Config) watcher {
	if width := terminal(p.Stderr); width > 0 && p.flags.logFormat == "text" {
		return newProgress(p.Stderr, width, cfg, p.Now)
	}
	return &logWatcher{Writer: p.Stderr, log: p.logger(p.Stderr), eta: newETA(p.Now)}
}

// where names a slice for people.
func where(cfg *config.Config, e jobs.Event) string {
	text := e.Run.Job
	if job := cfg.Job(e.Run.Job); job != nil {
		text = fmt.Sprintf("%s %s", text, span(e.Interval, job.DataZone))
	}
	if e.Part != "" {
		text += " " + e.Part
	}
	return text
}
