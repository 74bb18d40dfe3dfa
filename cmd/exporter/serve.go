package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
	"exporter/status"
)

func (p *program) serveCommand() *cobra.Command {
	var grace time.Duration
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the jobs by their schedules until stopped",
		Long: `serve runs every job when its schedule says so, and what run asks for meanwhile. It logs
to stderr.

At the first SIGTERM or Ctrl-C it begins nothing new, lets runs at work end within the
grace period, stops the others at their last complete page, and exits with 0. A second
signal ends it at once; nothing that was read is lost then either.

Slices that wait for a vendor's quota go on at the same page when it is back, without
waiting for the next firing. Jobs of one minute that share a login begin one by one.

One process at a time works on a state. Firings missed while none did are made up with
the next start, unless the job says missed = "skip".`,
		Example: `  exporter serve
  exporter serve --grace 10m --log-format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serveJobs(cmd.Context(), grace) },
	}
	cmd.Flags().DurationVar(&grace, "grace", time.Minute, "`time` that runs at work may take to end")
	return cmd
}

func (p *program) serveJobs(ctx context.Context, grace time.Duration) (err error) {
	if grace < 0 {
		return usageError(errors.New("--grace: write a time such as 1m, or 0s"))
	}
	if p.flags.logLevel == "" {
		p.flags.logLevel = "info" // there is no progress to look at
	}
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if len(cfg.Jobs) == 0 {
		return noJob(cfg)
	}
	w, rep := &logWatcher{Writer: p.Stderr, log: p.logger(p.Stderr)}, newReport(p, cfg)
	counters := status.NewCounters(jobNames(cfg))
	s, err := p.open(ctx, cfg, w, func(e jobs.Event) {
		if p.out.json {
			rep.notify(e)
		}
		w.notify(e)
		if e.Kind == jobs.RunEnded && cfg.Job(e.Run.Job) != nil {
			counters.RunEnded(e.Run)
		}
	}, func(o *jobs.Options) {
		o.OnRequest = func(source string, status int, _ time.Duration) { counters.Request(source, status) }
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	defer p.showStatus(ctx, s, w.log, counters)()
	defer p.tellSystemd(ctx, s.engine, w.log)()
	if err := s.engine.Serve(ctx, grace); err != nil {
		return held(err)
	}
	w.log.Info("drained")
	return nil
}

// held says what to do when another process has the state.
func held(err error) error {
	var other *state.HeldError
	if !errors.As(err, &other) {
		return err
	}
	return fault.New(fault.ClassOf(err), "serve: another process works on this state: %w", other).
		WithHint("One process at a time runs jobs. Stop that one, or wait until it has ended; `exporter run` hands its jobs to a serve by itself.")
}

func noJob(cfg *config.Config) error {
	return fault.New(fault.Config, "%s has no job yet", cfg.Path).
		WithHint("Write a [jobs.NAME] table; `exporter init` writes one, `exporter sandbox` prints an example.")
}
