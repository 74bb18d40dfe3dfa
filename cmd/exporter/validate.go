package main

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
)

func (p *program) validateCommand() *cobra.Command {
	var connect bool
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration, with --connect also every login and sink",
		Long: `validate reads the configuration and prints everything that is wrong with it, with
its line and what to write instead. With --connect it also logs in to every source
and asks every sink whether it can be written to; no data is read or written.

Exit codes: 0 fine, 2 the configuration is wrong, 3 a login was refused, 1 something
could not be reached.`,
		Example: `  exporter validate
  exporter validate --connect`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.validate(cmd.Context(), connect) },
	}
	cmd.Flags().BoolVar(&connect, "connect", false, "also try every login and sink")
	return cmd
}

// configObject is what validate says of a configuration that is fine.
type configObject struct {
	Type    string `json:"type"` // config
	Path    string `json:"path"`
	Sources int    `json:"sources"`
	Sinks   int    `json:"sinks"`
	Jobs    int    `json:"jobs"`
}

// issueObject is one thing wrong with a configuration.
type issueObject struct {
	Type   string `json:"type"` // issue
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Key    string `json:"key,omitempty"`
	Text   string `json:"text"`
}

// connectionObject is how the login of a source or the check of a sink ended.
type connectionObject struct {
	Type   string `json:"type"` // connection
	Kind   string `json:"kind"` // source or sink
	Name   string `json:"name"`
	Driver string `json:"driver"`
	OK     bool   `json:"ok"`
	Class  string `json:"class,omitempty"`
	Error  string `json:"error,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

func (p *program) validate(ctx context.Context, connect bool) error {
	cfg, err := p.load()
	if err != nil {
		if p.out.json {
			for _, i := range config.Errors(err) {
				p.out.object(issueObject{Type: "issue", File: i.File, Line: i.Line, Column: i.Col, Key: i.Key, Text: i.Text})
			}
		}
		return err
	}
	if p.out.json {
		p.out.object(configObject{Type: "config", Path: cfg.Path, Sources: len(cfg.Sources), Sinks: len(cfg.Sinks), Jobs: len(cfg.Jobs)})
	} else {
		p.out.text("%s: %s, %s, %s: ok\n", cfg.Path, count(len(cfg.Sources), "source"), count(len(cfg.Sinks), "sink"), count(len(cfg.Jobs), "job"))
	}
	if !connect {
		return nil
	}
	return p.connect(ctx, cfg)
}

// connection is a source or sink to try.
type connection struct {
	kind, name, driver string
	try                func(context.Context) error
}

// connect tries everything at once and reports in the order of the file.
func (p *program) connect(ctx context.Context, cfg *config.Config) (err error) {
	s, err := p.open(ctx, cfg, p.Stderr, func(jobs.Event) {})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	all := connections(s)
	errs := make([]error, len(all))
	var trying sync.WaitGroup
	for i, c := range all {
		trying.Go(func() { errs[i] = c.try(ctx) })
	}
	trying.Wait()
	var busy error
	for i, c := range all {
		if held := new(state.HeldError); errors.As(errs[i], &held) && !p.out.json { // said once below, for all sources
			busy = errs[i]
			p.out.text("%s %s (%s): not tried\n", c.kind, c.name, c.driver)
		} else {
			p.tried(c, errs[i])
		}
		p.code = worse(p.code, jobs.ExitCode(errs[i]))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if busy != nil {
		p.out.fail(busy)
	}
	return nil
}

// worse returns the exit code of several tries: a refused login is said before a
// mistake in the configuration, and that before everything else.
func worse(a, b int) int {
	for _, code := range []int{jobs.ExitAuth, jobs.ExitConfig, jobs.ExitFailed} {
		if a == code || b == code {
			return code
		}
	}
	return max(a, b)
}

func connections(s *session) []connection {
	var all []connection
	for _, src := range s.cfg.Sources {
		all = append(all, connection{"source", src.Name, src.Driver.Name, func(ctx context.Context) error { return s.engine.CheckSource(ctx, src) }})
	}
	for _, sink := range s.cfg.Sinks {
		all = append(all, connection{"sink", sink.Name, sink.Driver.Name, func(ctx context.Context) error { return s.engine.CheckSink(ctx, sink) }})
	}
	return all
}

func (p *program) tried(c connection, err error) {
	if p.out.json {
		o := connectionObject{Type: "connection", Kind: c.kind, Name: c.name, Driver: c.driver, OK: err == nil}
		if err != nil {
			o.Class, o.Error, o.Hint = string(fault.ClassOf(err)), oneLine(err.Error()), fault.HintOf(err)
		}
		p.out.object(o)
		return
	}
	if err == nil {
		p.out.text("%s %s (%s): ok\n", c.kind, c.name, c.driver)
		return
	}
	p.out.text("%s %s (%s): %s\n", c.kind, c.name, c.driver, p.out.local(oneLine(err.Error())))
	p.out.hint(fault.HintOf(err))
}
