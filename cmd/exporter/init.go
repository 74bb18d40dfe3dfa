package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"exporter/fault"
	"exporter/jobs/config"
)

func (p *program) initCommand() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration to begin with",
		Long: `init writes a commented jobs.toml for a source and a sink, and says what is left to do. It
asks on a terminal for what the flags do not say.

Secrets are not in the file: it names environment variables for them. A file that is
there is not overwritten, unless --force says so.`,
		Example: `  exporter init
  exporter init --source owapro --sink postgres
  exporter init --source owapro,hasoffers --sink sqlite --out nightly.toml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.init(cmd.Context(), f) },
	}
	all := drivers()
	cmd.Flags().StringSliceVar(&f.sources, "source", nil, "`driver`: "+strings.Join(sourceDrivers(all), ", "))
	cmd.Flags().StringSliceVar(&f.sinks, "sink", nil, "`driver`: "+strings.Join(sinkDrivers(all), ", "))
	cmd.Flags().StringVar(&f.out, "out", "", "`file` to write; default: that of --config")
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite the file")
	offerValues(cmd, "source", sourceDrivers(all)...)
	offerValues(cmd, "sink", sinkDrivers(all)...)
	return cmd
}

type initFlags struct {
	sources, sinks []string // drivers
	out            string
	force          bool
}

func sourceDrivers(d config.Drivers) (names []string) {
	for _, s := range d.Sources {
		names = append(names, s.Name)
	}
	return names
}

func sinkDrivers(d config.Drivers) (names []string) {
	for _, s := range d.Sinks {
		names = append(names, s.Name)
	}
	return names
}

func (p *program) init(ctx context.Context, f initFlags) error {
	if f.out == "" {
		f.out = p.flags.config
	}
	if _, err := os.Lstat(f.out); err == nil && !f.force {
		return exists(f.out) // before anybody is asked
	}
	all, chosen := drivers(), config.Drivers{}
	ask := &asker{program: p}
	names, err := ask.choose(ctx, "source", f.sources, sourceDrivers(all))
	if err != nil {
		return err
	}
	for _, n := range names {
		chosen.Sources = append(chosen.Sources, all.Sources[slices.Index(sourceDrivers(all), n)])
	}
	if names, err = ask.choose(ctx, "sink", f.sinks, sinkDrivers(all)); err != nil {
		return err
	}
	for _, n := range names {
		chosen.Sinks = append(chosen.Sinks, all.Sinks[slices.Index(sinkDrivers(all), n)])
	}
	text := starter(chosen)
	if err := writeStarter(f, text); err != nil {
		return err
	}
	return p.nextSteps(f.out, chosen, text)
}

func exists(path string) error {
	return fault.New(fault.Config, "%s is there already", path).WithHint("Name another file with --out, or overwrite it with --force.")
}

func writeStarter(f initFlags, text string) (err error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(f.out, flags, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return exists(f.out)
	}
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fault.New(fault.Config, "write the configuration: %w", err).WithHint("Name another file with --out.")
	}
	return nil
}

var (
	defaulted = regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*):-[^}]*\}`)
	sinkTable = regexp.MustCompile(`(?m)^\[sinks\.([a-z0-9_-]+)\]`)
)

// starter is the example of the chosen adapters, loaded into their sinks. Its
// variables have no defaults, so that one that is not set is reported.
func starter(chosen config.Drivers) string {
	var sinks []string
	for _, d := range chosen.Sinks {
		for _, m := range sinkTable.FindAllStringSubmatch(d.Sample, -1) {
			sinks = append(sinks, strconv.Quote(m[1]))
		}
	}
	lines := strings.Split(config.Example(chosen), "\n")
	for i, line := range lines {
		line = strings.ReplaceAll(line, `sinks = ["warehouse"]`, "sinks = ["+strings.Join(sinks, ", ")+"]")
		if !strings.HasPrefix(line, "#") {
			line = defaulted.ReplaceAllString(line, "$${$1}")
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// asker asks a person at a terminal.
type asker struct {
	*program
	in *bufio.Reader
}

// choose returns the names that were given or, if none were, the one a person chose.
func (a *asker) choose(ctx context.Context, what string, given, names []string) ([]string, error) {
	for _, g := range given {
		if !slices.Contains(names, g) {
			err := fault.New(fault.Config, "--%s: there is no driver %q", what, g)
			if near := nearest(g, names); len(near) > 0 {
				return nil, err.WithHint("Did you mean %s?", strings.Join(near, " or "))
			}
			return nil, err.WithHint("There is %s.", strings.Join(names, ", "))
		}
	}
	if len(given) > 0 {
		slices.Sort(given)
		return slices.Compact(given), nil
	}
	if f, ok := a.Stdin.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, fault.New(fault.Config, "which %s?", what).WithHint("There is no terminal to ask on: write --%s with one of %s.", what, strings.Join(names, ", "))
	}
	if a.in == nil {
		a.in = bufio.NewReader(a.Stdin)
	}
	for {
		a.out.note("Which %s? %s", what, numbered(names))
		line, err := lineOf(ctx, a.in)
		if errors.Is(err, io.EOF) {
			return nil, fault.New(fault.Config, "which %s?", what).WithHint("Write --%s with one of %s.", what, strings.Join(names, ", "))
		}
		if err != nil {
			return nil, err
		}
		if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(names) {
			return names[n-1 : n], nil
		}
		if slices.Contains(names, line) {
			return []string{line}, nil
		}
	}
}

func numbered(names []string) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = fmt.Sprintf("%d) %s", i+1, n)
	}
	return strings.Join(texts, "  ")
}
