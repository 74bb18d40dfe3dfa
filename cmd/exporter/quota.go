package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs/config"
	"exporter/ratelimit"
)

func (p *program) quotaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "quota",
		Short: "Show the quota used and left, for every credential and window",
		Long: `quota shows the limits of every credential and how much of each is used now, as
recorded in the state: a run that is going on may have used a little more.`,
		Example: `  exporter quota`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.quota(cmd.Context()) },
	}
}

// quotaObject is one window of a credential.
type quotaObject struct {
	Type        string    `json:"type"` // quota
	Credential  string    `json:"credential"`
	Sources     []string  `json:"sources"`
	Class       string    `json:"class,omitempty"` // of requests; absent: all
	Limit       int       `json:"limit"`
	Window      float64   `json:"window_seconds"`
	Fixed       bool      `json:"fixed"` // the vendor's window starts at the round minute, hour or day
	Used        int       `json:"used"`
	Left        int       `json:"left"`
	NextFree    time.Time `json:"next_free_at,omitzero"` // of a used up window
	PausedUntil time.Time `json:"paused_until,omitzero"` // the vendor asked for a pause
	PauseReason string    `json:"pause_reason,omitempty"`

	text string // of the limit, as it is written in a configuration
}

func (p *program) quota(ctx context.Context) (err error) {
	s, err := p.remember(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	all, err := quotas(ctx, s)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, q := range all {
		if p.out.json {
			p.out.object(q)
			continue
		}
		rows = append(rows, []string{
			q.Credential, strings.Join(q.Sources, ", "), q.Class, q.text, number(q.Used), number(q.Left),
			clock(q.NextFree), clock(q.PausedUntil),
		})
	}
	if len(rows) > 0 {
		p.out.table([]string{"credential", "sources", "class", "limit", "used", "left", "next free", "paused until"}, rows)
	}
	return nil
}

// quotas asks a limiter of every credential what it would know if it started now;
// what it would store is dropped, so asking changes nothing.
func quotas(ctx context.Context, s *session) ([]quotaObject, error) {
	var all []quotaObject
	done := map[string]bool{}
	for _, src := range s.cfg.Sources {
		if done[src.Credential] {
			continue
		}
		done[src.Credential] = true
		limiter, err := ratelimit.New(ctx, src.Credential, src.Limits, ratelimit.Options{Store: readOnly{s.state.Quota()}})
		if err != nil {
			return nil, err
		}
		status := limiter.Status()
		for _, w := range status.Windows {
			all = append(all, quotaObject{
				Type: "quota", Credential: src.Credential, Sources: sharing(s.cfg, src.Credential), Class: w.Class,
				Limit: w.Window.N, Window: seconds(w.Window.Per), Fixed: w.Window.Fixed, Used: w.Used, Left: w.Left, NextFree: utc(w.NextFree),
				PausedUntil: utc(status.PausedUntil), PauseReason: status.PauseReason, text: w.Window.String(),
			})
		}
		if err := limiter.Close(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readOnly is a store that keeps nothing.
type readOnly struct{ ratelimit.Store }

// Save implements ratelimit.Store.
func (readOnly) Save(context.Context, string, ratelimit.Usage) error { return nil }

// sharing names the sources of a credential.
func sharing(cfg *config.Config, credential string) []string {
	var names []string
	for _, s := range cfg.Sources {
		if s.Credential == credential {
			names = append(names, s.Name)
		}
	}
	return slices.Clip(names)
}
