package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
)

func (p *program) authCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:     "auth",
		Short:   "Look after logins",
		Example: "  exporter auth login hurra\n  exporter auth status\n  exporter auth logout shop",
	})
	cmd.AddCommand(p.loginCommand(), p.logoutCommand(), &cobra.Command{
		Use:   "status",
		Short: "Show the stored tokens and when they expire",
		Long: `auth status shows the token that is stored for every source, and by when a person has to log
in again; 30, 14, 7 and 1 days before that runs warn too. Tokens are renewed when they are
needed: an expired one is no fault. Values are never shown.`,
		Example: `  exporter auth status`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.authStatus(cmd.Context()) },
	})
	return cmd
}

// authObject is one token of a source, or that none is stored.
type authObject struct {
	Type           string    `json:"type"` // auth
	Source         string    `json:"source"`
	Driver         string    `json:"driver"`
	Token          string    `json:"token"`  // its name, never its value; "": the login needs none
	Stored         bool      `json:"stored"` // whether a token is
	Saved          time.Time `json:"saved_at,omitzero"`
	Expires        time.Time `json:"expires_at,omitzero"` // absent: never, or not stored
	Expired        bool      `json:"expired"`
	RefreshExpires time.Time `json:"refresh_expires_at,omitzero"` // absent: never, not known, or not stored
	Unreadable     bool      `json:"unreadable,omitempty"`        // its key is lost
}

func (p *program) authStatus(ctx context.Context) (err error) {
	s, err := p.remember(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	tokens, err := s.state.Tokens(ctx)
	if err != nil {
		return err
	}
	var all []authObject
	for _, src := range s.cfg.Sources {
		o := p.tokenOf(src, tokens)
		if o.Stored {
			if _, _, err := s.state.LoadToken(ctx, o.Token); err != nil {
				o.Unreadable = true
				p.out.warn(fmt.Sprintf("source %s: %v. %s", src.Name, err, fault.HintOf(err)))
			}
		}
		all = append(all, o)
	}
	if p.out.json {
		for _, o := range all {
			p.out.object(o)
		}
		return nil
	}
	p.showTokens(all, s.cfg.Exporter.Zone)
	return nil
}

// tokenOf finds the token of a source among those stored.
func (p *program) tokenOf(src *config.Source, stored []state.TokenInfo) authObject {
	o := authObject{Type: "auth", Source: src.Name, Driver: src.Driver.Name}
	if k, ok := src.Settings.(sources.Tokened); ok {
		o.Token = k.TokenKey(src.Name)
	}
	i := slices.IndexFunc(stored, func(t state.TokenInfo) bool { return t.Key == o.Token })
	if o.Token == "" || i < 0 {
		return o
	}
	t := stored[i]
	o.Stored, o.Saved, o.Expires, o.RefreshExpires = true, utc(t.Saved), utc(t.Expires), utc(t.RefreshExpires)
	o.Expired = !t.Expires.IsZero() && t.Expires.Before(p.Now())
	return o
}

func (p *program) showTokens(all []authObject, zone *time.Location) {
	var rows [][]string
	for _, o := range all {
		rows = append(rows, []string{o.Source, o.Driver, o.Token, tokenText(o), clock(o.Saved, zone), clock(o.Expires, zone)})
	}
	if len(rows) > 0 {
		p.out.table([]string{"source", "driver", "token", "state", "saved", "expires"}, rows)
	}
	now := p.Now()
	for _, o := range all {
		end := o.RefreshExpires
		if end.IsZero() {
			continue
		}
		if end.After(now) {
			p.out.text("%s: login needed again by %s, in %s\n", o.Source, end.In(zone).Format(time.DateOnly), count(sources.DaysLeft(end, now), "day"))
		} else {
			p.out.text("%s: login needed, the last one ended on %s\n", o.Source, end.In(zone).Format(time.DateOnly))
		}
		if _, due := sources.LoginDue(end, now); due {
			p.out.warn(sources.LoginEnds(o.Source, end, now))
		}
	}
}

func tokenText(o authObject) string {
	switch {
	case o.Token == "":
		return "needs none"
	case !o.Stored:
		return "none stored"
	case o.Unreadable:
		return "cannot be read"
	case o.Expired:
		return "expired"
	default:
		return "valid"
	}
}
