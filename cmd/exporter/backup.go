package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/settings"
	"exporter/state"
)

func (p *program) stateCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "state",
		Short: "Back the state up, or restore it",
		Long: `The state is the file that [exporter] state names: tokens, quota used, runs, what waits.
What is committed the sinks know themselves: without any backup a new state is filled in
from them, but every source needs a login, and requests made today are not counted.`,
		Example: `  exporter state backup /backup/exporter-$(date +%F).db
  exporter state restore /backup/exporter-2026-11-21.db`,
	})
	cmd.AddCommand(p.backupCommand(), p.restoreCommand())
	return cmd
}

func (p *program) backupCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the state, also while a serve is at work",
		Long: `state backup writes one consistent copy of the state to FILE, mode 0600. A key file beside
the state is copied to FILE.key: without it the tokens in the copy cannot be read.
Keep both where only you can read them. A passphrase in [exporter] key is not copied.`,
		Example: `  exporter state backup /backup/exporter-$(date +%F).db`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return p.backup(cmd.Context(), args[0], force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace FILE if it exists")
	return cmd
}

// backupObject is a backup that was written.
type backupObject struct {
	Type   string `json:"type"` // backup
	Path   string `json:"path"`
	Key    string `json:"key,omitempty"`
	Schema int64  `json:"state_schema"`
	Bytes  int64  `json:"bytes"`
}

func (p *program) backup(ctx context.Context, path string, force bool) (err error) {
	if _, err := os.Stat(path); err == nil && !force {
		return fault.New(fault.Config, "%s exists", path).WithHint("Name another file, or replace it with --force.")
	}
	if dir := filepath.Dir(path); !folder(dir) {
		return fault.New(fault.Config, "back up to %s: there is no folder %s", path, dir).WithHint("Make it, for yourself alone: mkdir -p -m 700 %s", dir)
	}
	s, err := p.remember(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	b, err := s.state.Backup(ctx, path)
	if err != nil {
		return err
	}
	if p.out.json {
		p.out.object(backupObject{"backup", b.Path, b.Key, b.Schema, b.Bytes})
		return nil
	}
	p.out.text("backed up to %s (%s)\n", b.Path, settings.Size(b.Bytes))
	if b.Key != "" {
		p.out.text("its key is in %s; keep both, and from others\n", b.Key)
	}
	return nil
}

func folder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (p *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a backup the state",
		Long: `state restore puts a backup in the place of the state that the configuration names, and
FILE.key, if it is there, in the place of the key file. What was there is kept beside it under
another name. No other process may have the state open.

What happened since the backup is not known any more: rows that were loaded are found in
the sinks; logins that were renewed since are refused by the vendor and need auth login;
requests made since are not counted against limits, so wait as long as the longest of them
lasts if one may be used up.`,
		Example: `  exporter state restore /backup/exporter-2026-11-21.db`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return p.restore(cmd.Context(), args[0]) },
	}
}

// restoreObject is a backup that became the state.
type restoreObject struct {
	Type     string `json:"type"` // restore
	State    string `json:"state"`
	Replaced string `json:"replaced,omitempty"` // where the state before it is now
	Schema   int64  `json:"state_schema"`
}

func (p *program) restore(ctx context.Context, path string) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if err := notAsRoot(os.Geteuid(), cfg.Exporter.State); err != nil {
		return err
	}
	done, err := state.Restore(ctx, path, cfg.Exporter.State, state.Options{Now: p.Now, Log: p.logger(p.Stderr)})
	if err != nil {
		return err
	}
	if p.out.json {
		p.out.object(restoreObject{"restore", cfg.Exporter.State, done.Replaced, done.Schema})
		return nil
	}
	p.out.text("state %s is that of %s\n", cfg.Exporter.State, path)
	if done.Replaced != "" {
		p.out.text("what was there is %s; delete it when all is well\n", done.Replaced)
	}
	p.out.text("next: exporter auth status\n")
	return nil
}
