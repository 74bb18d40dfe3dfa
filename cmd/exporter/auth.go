package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"exporter/state"
)

func (p *program) authCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:     "auth",
		Short:   "Look after logins",
		Example: `  exporter auth status`,
	})
	cmd.AddCommand(&cobra.Command{
		Use:   "status",
		Short: "Show the stored tokens and when they expire",
		Long: `auth status shows for every source which credential it logs in with, and the token
stored for it. Tokens are renewed when they are needed: an expired one is no fault.
Values are never shown.`,
		Example: `  exporter auth status`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.authStatus(cmd.Context()) },
	})
	return cmd
}

// authObject is the token of one source's credential.
type authObject struct {
	Type       string    `json:"type"` // auth
	Source     string    `json:"source"`
	Driver     string    `json:"driver"`
	Credential string    `json:"credential"`
	Stored     bool      `json:"stored"` // whether a token is
	Saved      time.Time `json:"saved_at,omitzero"`
	Expires    time.Time `json:"expires_at,omitzero"` // absent: never, or not stored
	Expired    bool      `json:"expired"`
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
	byKey := map[string]state.TokenInfo{}
	for _, t := range tokens {
		byKey[t.Key] = t
	}
	var rows [][]string
	for _, src := range s.cfg.Sources {
		t, stored := byKey[src.Credential]
		o := authObject{
			Type: "auth", Source: src.Name, Driver: src.Driver.Name, Credential: src.Credential,
			Stored: stored, Saved: utc(t.Saved), Expires: utc(t.Expires), Expired: !t.Expires.IsZero() && t.Expires.Before(p.Now()),
		}
		if p.out.json {
			p.out.object(o)
			continue
		}
		rows = append(rows, []string{o.Source, o.Driver, o.Credential, tokenText(o), clock(o.Saved), clock(o.Expires)})
	}
	if len(rows) > 0 {
		p.out.table([]string{"source", "driver", "credential", "token", "saved", "expires"}, rows)
	}
	return nil
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
