package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
)

func (p *program) pauseCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "pause JOB…",
		Short: "Keep jobs from being run by their schedules, until resume",
		Long: `pause keeps the schedule from running jobs. It is kept in the state, so it outlasts restarts.
A run that is going on ends as usual, and run, retry and backfill work as before. Firings
that come while a job is paused are not run; resume makes one up.`,
		Example: `  exporter pause conversions
  exporter jobs                    # shows what is paused
  exporter resume conversions`,
		ValidArgsFunction: p.offer(jobNames, 0),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.setPaused(cmd.Context(), args, all, true) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "every job of the configuration")
	return cmd
}

func (p *program) resumeCommand() *cobra.Command {
	var all bool
	var source string
	cmd := &cobra.Command{
		Use:   "resume [JOB…]",
		Short: "Let paused jobs run by their schedules again; forget a vendor's pause",
		Long: `resume undoes pause. If firings came meanwhile, a serve makes one up at once, which loads
all that the job owes; with missed = "skip" the job runs at its next firing.

--source forgets what a vendor's refusals taught: the pause it asked for, and limits lower
than those of the configuration. What was used of the limits is kept. Quota that was refused
for a reason is refused again, so look at quota first.`,
		Example: `  exporter resume conversions
  exporter resume --all
  exporter quota                   # which pause or limit, and why
  exporter resume --source tune`,
		ValidArgsFunction: p.offer(jobNames, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if source == "" {
				return p.setPaused(cmd.Context(), args, all, false)
			}
			if all || len(args) > 0 {
				return usageError(errors.New("--source is about a vendor's limits; name no job with it"))
			}
			return p.forgive(cmd.Context(), source)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every job of the configuration")
	cmd.Flags().StringVar(&source, "source", "", "forget pause and learned limits of this `source`'s login")
	return cmd
}

// pausedObject is a job that was paused or resumed.
type pausedObject struct {
	Type    string `json:"type"` // paused
	Job     string `json:"job"`
	Paused  bool   `json:"paused"`
	Changed bool   `json:"changed"` // it was not so before
}

// forgivenObject is a login whose pause and learned limits were forgotten.
type forgivenObject struct {
	Type       string `json:"type"` // forgiven
	Source     string `json:"source"`
	Credential string `json:"credential"`
	Pause      bool   `json:"pause"`  // there was one
	Limits     int    `json:"limits"` // learned ones that were forgotten
}

func (p *program) setPaused(ctx context.Context, names []string, all, paused bool) (err error) {
	s, err := p.remember(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if names, err = namesOf(s.cfg, names, all); err != nil {
		return err
	}
	before, err := s.state.Paused(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		changed := slices.Contains(before, name) != paused
		if changed {
			if err := s.state.SetPaused(ctx, name, paused); err != nil {
				return err
			}
		}
		if p.out.json {
			p.out.object(pausedObject{Type: "paused", Job: name, Paused: paused, Changed: changed})
			continue
		}
		p.out.text("%s\n", pausedText(name, paused, changed))
	}
	return nil
}

func pausedText(job string, paused, changed bool) string {
	switch {
	case paused && changed:
		return job + ": paused; `exporter resume " + job + "` lets it run again"
	case paused:
		return job + ": is paused already"
	case changed:
		return job + ": runs by its schedule again"
	default:
		return job + ": was not paused"
	}
}

// forgive forgets what a vendor's refusals taught. The limits are kept by one process
// at a time, so nobody else may be at work.
func (p *program) forgive(ctx context.Context, name string) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	source, err := sourceNamed(s.cfg, name)
	if err != nil {
		return err
	}
	pause, limits, err := s.engine.Forgive(ctx, source)
	if err != nil {
		return err
	}
	switch {
	case p.out.json:
		p.out.object(forgivenObject{Type: "forgiven", Source: source.Name, Credential: source.Credential, Pause: pause, Limits: limits})
	case !pause && limits == 0:
		p.out.text("%s: the vendor asked for no pause and taught no limit\n", source.Name)
	default:
		p.out.text("%s: %s forgotten; the limits of the configuration hold\n", source.Name, forgotten(pause, limits))
	}
	return nil
}

func forgotten(pause bool, limits int) string {
	switch learned := count(limits, "learned limit"); {
	case pause && limits > 0:
		return "the pause and " + learned + " are"
	case pause:
		return "the pause is"
	case limits == 1:
		return learned + " is"
	default:
		return learned + " are"
	}
}
