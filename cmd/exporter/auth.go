package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs/config"
	"exporter/state"
)

func (p *program) authCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:     "auth",
		Short:   "Look after logins",
		Example: "  exporter auth login hurra\n  exporter auth status",
	})
	cmd.AddCommand(p.loginCommand(), &cobra.Command{
		Use:   "status",
		Short: "Show the stored tokens and when they expire",
		Long: `auth status shows the tokens that are stored for every source. Tokens are renewed when they are needed: an expired one is no fault.
Values are never shown.`,
		Example: `  exporter auth status`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.authStatus(cmd.Context()) },
	})
	return cmd
}

// authObject is one token of a source, or that none is stored.
type authObject struct {
	Type    string    `json:"type"` // auth
	Source  string    `json:"source"`
	Driver  string    `json:"driver"`
	Token   string    `json:"token"`  // its name, never its value
	Stored  bool      `json:"stored"` // whether a token is
	Saved   time.Time `json:"saved_at,omitzero"`
	Expires time.Time `json:"expires_at,omitzero"` // absent: never, or not stored
	Expired bool      `json:"expired"`
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
	var rows [][]string
	for _, src := range s.cfg.Sources {
		for _, o := range p.tokensOf(src, tokens) {
			if p.out.json {
				p.out.object(o)
				continue
			}
			rows = append(rows, []string{o.Source, o.Driver, o.Token, tokenText(o), clock(o.Saved), clock(o.Expires)})
		}
	}
	if len(rows) > 0 {
		p.out.table([]string{"source", "driver", "token", "state", "saved", "expires"}, rows)
	}
	return nil
}

// tokensOf finds the tokens of a source: their keys are the name of the driver's
// credential, and behind it what tells several tokens of one login apart.
func (p *program) tokensOf(src *config.Source, stored []state.TokenInfo) []authObject {
	name := src.Settings.Credential().Name
	o := authObject{Type: "auth", Source: src.Name, Driver: src.Driver.Name, Token: name}
	var all []authObject
	for _, t := range stored {
		if t.Key != name && !strings.HasPrefix(t.Key, name+" ") {
			continue
		}
		one := o
		one.Token, one.Stored, one.Saved, one.Expires = t.Key, true, utc(t.Saved), utc(t.Expires)
		one.Expired = !t.Expires.IsZero() && t.Expires.Before(p.Now())
		all = append(all, one)
	}
	if len(all) == 0 {
		all = append(all, o)
	}
	return all
}

func tokenText(o authObject) string {
	switch {
	case !o.Stored:
		return "none stored"
	case o.Expired:
		return "expired"
	default:
		return "valid"
	}
}
