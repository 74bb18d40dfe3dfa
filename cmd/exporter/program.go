package main

import (
	"context"
	"io"
	"time"

	"exporter/fault"
	"exporter/jobs"
)

// Main is one invocation of the program with everything it takes from outside.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(name string) (string, bool)
	Args           []string // without the program's name
	Now            func() time.Time
	Retry          jobs.Retry // patience of runs; the zero value is the engine's
}

// Run runs the command that Args name and returns the exit code. When ctx ends,
// the work stops at its last durable point.
func (m Main) Run(ctx context.Context) int {
	p := &program{Main: m, out: newOutput(m.Stdout, m.Stderr)}
	root := p.rootCommand()
	root.SetArgs(append([]string{}, m.Args...)) // nil would mean os.Args
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !p.begun {
		err = usageError(err)
	}
	if err != nil {
		p.out.fail(err)
		p.code = jobs.ExitCode(err)
	}
	if err := p.out.err; err != nil {
		p.out.fail(err)
		p.code = jobs.ExitFailed
	}
	return p.code
}

// program is what the commands of one invocation share.
type program struct {
	Main
	flags globalFlags
	out   *output
	begun bool // arguments and flags were fine; what fails from now on is no mistake of usage
	code  int  // exit code of a command that reports its own failures
}

const defaultConfig = "jobs.toml"

type globalFlags struct {
	config    string
	logFormat string
	logLevel  string
}

// usageError makes a mistake on the command line exit with the code of usage.
func usageError(err error) error {
	if fault.ClassOf(err) == fault.Config {
		return err
	}
	return fault.New(fault.Config, "%w", err).WithHint("`exporter --help` lists commands and flags; `exporter COMMAND --help` shows examples.")
}
