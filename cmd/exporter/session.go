package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/jobs/plan"
	"exporter/state"
)

// session is what a command works with, opened as far as it asked for.
type session struct {
	cfg    *config.Config
	state  *state.Store
	engine *jobs.Engine
}

// load reads the configuration and shows its warnings.
func (p *program) load() (*config.Config, error) {
	cfg, err := config.Load(p.flags.config, drivers(), p.Env)
	if errors.Is(err, os.ErrNotExist) && config.Errors(err) == nil {
		return nil, fault.New(fault.Config, "there is no configuration %s", p.flags.config).
			WithHint("Name the file with --config. To begin: `exporter init` writes one, `exporter demo` shows what there is.")
	}
	if err != nil {
		return nil, err
	}
	p.out.zone = cfg.Exporter.Zone
	for _, w := range cfg.Warnings {
		p.out.warn(w.String())
	}
	return cfg, nil
}

// remember opens the configuration and the state, for commands that only read
// what was recorded. It works while another process runs jobs.
func (p *program) remember(ctx context.Context) (*session, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	return p.openState(ctx, cfg, p.logger(p.Stderr))
}

func (p *program) openState(ctx context.Context, cfg *config.Config, log *slog.Logger) (*session, error) {
	if err := os.MkdirAll(filepath.Dir(cfg.Exporter.State), 0o700); err != nil {
		return nil, fault.New(fault.Config, "make the folder of the state: %w", err)
	}
	st, err := state.Open(ctx, cfg.Exporter.State, state.Options{Key: cfg.Exporter.Key, Now: p.Now, Log: log})
	if err != nil {
		return nil, err
	}
	return &session{cfg: cfg, state: st}, nil
}

// open opens everything, for commands that ask sources or sinks. Events go to
// notify, log lines to logs.
func (p *program) open(ctx context.Context, cfg *config.Config, logs io.Writer, notify func(jobs.Event), more ...func(*jobs.Options)) (*session, error) {
	p.bound()
	if err := notAsRoot(os.Geteuid(), cfg.Exporter.State); err != nil {
		return nil, err
	}
	log := p.logger(logs)
	s, err := p.openState(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	o := jobs.Options{Log: log, Now: p.Now, Retry: p.Retry, Notify: notify}
	for _, set := range more {
		set(&o)
	}
	s.engine, err = jobs.NewEngine(cfg, s.state, o)
	if err != nil {
		return nil, errors.Join(err, s.state.Close())
	}
	return s, nil
}

// ask opens everything for a command that shows what sources and sinks say;
// warnings become lines on stderr, each once.
func (p *program) ask(ctx context.Context) (*session, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	var said sync.Map
	return p.open(ctx, cfg, p.Stderr, func(e jobs.Event) {
		if e.Kind != jobs.Warning && e.Kind != jobs.Follows {
			return
		}
		switch _, again := said.LoadOrStore(topic(e), true); {
		case again:
		case e.Kind == jobs.Follows:
			p.out.note("%s", e.Text)
		default:
			p.out.warn(e.Text)
		}
	})
}

// topic is what a warning is about: a sink that does not answer is told of once, and
// not for each job.
func topic(e jobs.Event) string {
	if e.Sink != "" {
		return "sink " + e.Sink
	}
	return e.Text
}

// close closes what is open, also when ctx has ended.
func (s *session) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var err error
	if s.engine != nil {
		err = s.engine.Close(ctx)
	}
	return errors.Join(err, s.state.Close())
}

// jobNamed returns a job of the configuration.
func jobNamed(cfg *config.Config, name string) (*config.Job, error) {
	if job := cfg.Job(name); job != nil {
		return job, nil
	}
	return nil, unknown("job", name, cfg.Path, jobNames(cfg))
}

// sourceNamed returns a source of the configuration.
func sourceNamed(cfg *config.Config, name string) (*config.Source, error) {
	if source := cfg.Source(name); source != nil {
		return source, nil
	}
	return nil, unknown("source", name, cfg.Path, sourceNames(cfg))
}

func unknown(what, name, where string, names []string) error {
	err := fault.New(fault.Config, "there is no %s %q in %s", what, name, where)
	switch near := nearest(name, names); {
	case len(near) > 0:
		return err.WithHint("Did you mean %s?", strings.Join(near, " or "))
	case len(names) == 0:
		return err.WithHint("%s has none yet.", where)
	default:
		return err.WithHint("There is %s.", strings.Join(names, ", "))
	}
}

func jobNames(cfg *config.Config) []string {
	var names []string
	for _, j := range cfg.Jobs {
		names = append(names, j.Name)
	}
	return names
}

func sourceNames(cfg *config.Config) []string {
	var names []string
	for _, s := range cfg.Sources {
		names = append(names, s.Name)
	}
	return names
}

// offer completes arguments with names of the configuration; without a readable
// one there is nothing to offer.
func (p *program) offer(names func(*config.Config) []string, most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		cfg, err := config.Load(p.flags.config, drivers(), p.Env)
		if err != nil || most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cfg), cobra.ShellCompDirectiveNoFileComp
	}
}

// bounds are the --from and --to of a command.
type bounds struct{ from, to string }

func (b *bounds) register(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&b.from, "from", "", "`start` of "+what+", inclusive: a date (midnight in the job's data zone) or an RFC 3339 time")
	cmd.Flags().StringVar(&b.to, "to", "", "`end` of "+what+", exclusive; without it the end of the newest closed interval")
}

// of reads the bounds in a job's zone; unset bounds are zero.
func (b *bounds) of(job *config.Job) (from, to time.Time, err error) {
	for _, f := range []struct {
		flag, text string
		at         *time.Time
	}{{"--from", b.from, &from}, {"--to", b.to, &to}} {
		if f.text == "" {
			continue
		}
		if *f.at, err = plan.ParseBound(f.text, job.DataZone); err != nil {
			return from, to, usageError(fmt.Errorf("%s: %w", f.flag, err))
		}
	}
	return from, to, nil
}
