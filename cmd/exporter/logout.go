package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout SOURCE",
		Short: "Disconnect a source",
		Long: `auth logout tells the vendor to forget the token of a source, and deletes it from the state.
Every program that uses the same token loses it. Jobs of the source fail until the next login.`,
		Example:           "  exporter auth logout shop",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(sourceNames, 1),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.logout(cmd.Context(), args[0]) },
	}
}

// logoutObject is a source that was disconnected.
type logoutObject struct {
	Type      string `json:"type"` // logout
	Source    string `json:"source"`
	Driver    string `json:"driver"`
	Connected bool   `json:"connected"` // false
}

func (p *program) logout(ctx context.Context, name string) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	source, err := sourceNamed(s.cfg, name)
	if err != nil {
		return err
	}
	if err := s.engine.Logout(ctx, source); err != nil {
		return err
	}
	if p.out.json {
		p.out.object(logoutObject{Type: "logout", Source: source.Name, Driver: source.Driver.Name})
		return nil
	}
	p.out.text("source %s (%s): disconnected\n", source.Name, source.Driver.Name)
	return nil
}
