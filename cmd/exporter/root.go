package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"exporter/fault"
)

const about = `exporter loads reports of OWAPro, HasOffers, Piwik PRO and HubRise into Postgres,
SQLite, GCS or files: complete, typed, and never half.

Exit codes:
  0    all slices committed or unchanged; the command did what it says; a serve ended well
  1    failed
  2    the configuration or the command line is wrong; nothing was started
  3    a login was refused
  4    partial: some slices are fine, some are not
  5    a check failed, rows do not add up, or an empty answer was kept out; old rows stay
  6    parked: waiting for quota, the next run goes on
  130  stopped by SIGINT or SIGTERM

Data goes to stdout, everything else to stderr. With --json, stdout has one JSON
object per line: snake_case keys, times in RFC 3339 and UTC, durations in seconds.`

func (p *program) rootCommand() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "exporter",
		Short: "Load reports of marketing, analytics and ordering APIs into a warehouse",
		Long:  about,
		Example: `  exporter demo                        # see it work, without any account
  exporter init                        # a configuration for your own
  exporter validate --connect          # configuration, logins and sinks
  exporter plan conversions            # what a run would do
  exporter run conversions             # do it
  exporter serve                       # run all jobs by their schedules
  exporter jobs                        # what is late`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.ValidateFlagGroups(); err != nil { // cobra looks after this
				return usageError(err)
			}
			return p.begin()
		},
	})
	f := root.PersistentFlags()
	f.StringVar(&p.flags.config, "config", defaultConfig, "configuration `file`")
	f.StringVar(&p.flags.logFormat, "log-format", "text", "of the log on stderr: text or json")
	f.StringVar(&p.flags.logLevel, "log-level", "", "debug, info, warn or error; default info, on a terminal warn")
	f.BoolVar(&p.out.json, "json", false, "print data as JSON, one object per line")
	offerValues(root, "log-format", "text", "json")
	offerValues(root, "log-level", "debug", "info", "warn", "error")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)

	root.AddCommand(
		p.demoCommand(), p.initCommand(), p.validateCommand(), p.streamsCommand(), p.previewCommand(), p.planCommand(), p.runCommand(), p.serveCommand(),
		p.backfillCommand(), p.retryCommand(), p.pauseCommand(), p.resumeCommand(), p.purgeCommand(),
		p.jobsCommand(), p.runsCommand(), p.slicesCommand(), p.quotaCommand(), p.authCommand(),
		p.sandboxCommand(), p.stateCommand(), p.versionCommand(),
	)
	return root
}

// begin marks the end of usage mistakes and checks what cobra does not.
func (p *program) begin() error {
	if !slices.Contains([]string{"text", "json"}, p.flags.logFormat) {
		return usageError(fmt.Errorf("--log-format %q: write text or json", p.flags.logFormat))
	}
	if _, err := p.level(); err != nil {
		return usageError(err)
	}
	p.begun = true
	return nil
}

// group makes a command that only holds others: alone it prints its help, and a
// word that is none of them is a mistake.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		err := fault.New(fault.Config, "unknown command %q for %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return err.WithHint("Did you mean %s?", strings.Join(near, " or "))
		}
		return err.WithHint("`%s --help` lists the commands.", cmd.CommandPath())
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}

// nearest returns what a misspelled name may stand for, by cobra's own measure:
// commands, jobs and sources are suggested alike.
func nearest(word string, names []string) []string {
	c := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, n := range names {
		c.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	return c.SuggestionsFor(word)
}

// offerValues offers the values of a flag to the shell.
func offerValues(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not declared: a mistake of ours that every start shows
	}
}
