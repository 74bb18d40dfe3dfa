package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
)

func (p *program) retryCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "retry JOB…",
		Short: "Run what failed again, from where it stopped",
		Long: `retry runs the slices of jobs whose last attempt failed, failed a check or was interrupted,
and no others. Each goes on at its last complete page; one that was read already and could
not be loaded is loaded, and the vendor is not asked again. Of a job whose last run failed
before it knew its slices, that run is done again.

While a serve works on the same state, retry hands the work to it and follows it to its
end. Slices that wait for quota are none of these: they go on by themselves.`,
		Example: `  exporter slices conversions --failed     # what there is to try again, and why
  exporter retry conversions
  exporter retry --all --json`,
		ValidArgsFunction: p.offer(jobNames, 0),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.retry(cmd.Context(), args, all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "every job of the configuration")
	return cmd
}

func (p *program) retry(ctx context.Context, names []string, all bool) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if names, err = namesOf(cfg, names, all); err != nil {
		return err
	}
	failed, err := p.failedOf(ctx, cfg, names)
	if err != nil {
		return err
	}
	var requests []state.Run
	for _, f := range failed {
		if f.whole.Job != "" { // its slices are among what the run does, or wait for the next retry
			p.out.note("job %s: its last run failed before it had any slice; all of it is done again", f.job)
			requests = append(requests, f.whole)
			continue
		}
		if f.slices > 0 {
			requests = append(requests, state.Run{Job: f.job, Trigger: state.TriggerRetry, Only: state.OnlyFailed, Priority: state.PriorityScheduled})
			continue
		}
		if !all {
			p.out.note("%s", f.nothing())
		}
	}
	if len(requests) == 0 {
		if all {
			p.out.note("nothing failed")
		}
		return nil
	}
	rep := newReport(p, cfg)
	runs, err := p.work(ctx, cfg, requests, rep)
	rep.sum(runs)
	rep.failures(runs, p.retryCommandOf)
	p.code = jobs.Combine(exitCodes(runs))
	return err
}

// retryCommandOf is what to type to try again what of a run's job failed.
func (p *program) retryCommandOf(run state.Run) string {
	return commandOf(p.flags.config) + " retry " + run.Job
}

// failures is what of a job failed.
type failures struct {
	job     string
	slices  int64
	waiting int64
	whole   state.Run // the request of a last run that failed before it had planned a slice
}

// nothing says why there is nothing to try again.
func (f failures) nothing() string {
	if f.waiting > 0 {
		return fmt.Sprintf("job %s: nothing failed; %s for quota", f.job, waits(f.waiting))
	}
	return fmt.Sprintf("job %s: nothing failed", f.job)
}

func waits(slices int64) string {
	if slices == 1 {
		return "1 slice waits"
	}
	return number(slices) + " slices wait"
}

// failedOf looks the named jobs up in the state.
func (p *program) failedOf(ctx context.Context, cfg *config.Config, names []string) (list []failures, err error) {
	if err := notAsRoot(os.Geteuid(), cfg.Exporter.State); err != nil {
		return nil, err
	}
	s, err := p.openState(ctx, cfg, p.logger(p.Stderr))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := jobs.CloseAbandoned(ctx, s.state); err != nil {
		return nil, err
	}
	counts, err := s.state.SliceStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f := failures{job: name}
		for _, c := range counts {
			switch {
			case c.Job != name:
			case c.State == state.SliceWaiting:
				f.waiting += c.N
			case c.State == state.SliceFailed, c.State == state.SliceCheckFailed, c.State == state.SliceInterrupted:
				f.slices += c.N
			}
		}
		if f.whole, _, err = jobs.Anew(ctx, s.state, name); err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// namesOf are the jobs that a command is about, each once.
func namesOf(cfg *config.Config, names []string, all bool) ([]string, error) {
	switch {
	case all && len(names) > 0:
		return nil, usageError(errors.New("--all means every job; name none"))
	case all && len(cfg.Jobs) == 0:
		return nil, noJob(cfg)
	case all:
		return jobNames(cfg), nil
	case len(names) == 0:
		return nil, fault.New(fault.Config, "which job?").WithHint("Name one or more of %s, or use --all.", strings.Join(jobNames(cfg), ", "))
	}
	var once []string
	for _, name := range names {
		if _, err := jobNamed(cfg, name); err != nil {
			return nil, err
		}
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once, nil
}
