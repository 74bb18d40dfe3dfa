// Command bench measures exporter beside what a database does by itself: in one
// run, on one PostgreSQL server, with the same rows. README.md says how to read it.
//
//	sandbox ──once──► tape ──► vendor (a process that only sends files) ──HTTP──► exporter (a process) ──► PostgreSQL, Parquet
//	                                  the same rows as CSV ──► psql \copy, pgx binary COPY, an upsert by hand ──► PostgreSQL
//
// Nothing that is measured runs in this process, but for the COPY by hand.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	if task := os.Getenv(vendorVariable); task != "" {
		if err := serveVendor(task); err != nil {
			fmt.Fprintln(os.Stderr, "bench vendor:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const usage = `usage: go run ./bench [flags]

Measures exporter beside psql's \copy, a DELETE with a binary COPY, and an upsert by
hand, on a PostgreSQL server that it starts and removes. Prints a table. See bench/README.md.

`

const examples = `
Examples:
  go run ./bench                                        a million rows, 3 repeats
  go run ./bench --rows 100k --repeat 1                 a first look, a minute or two
  go run ./bench --rows 1M,10M --repeat 3 --json bench.json
  go run ./bench --only '^first/postgres/owapro/days'   one case
  go run ./bench --only '^spool|^reload-spool'          what loads from the spool
  go run ./bench --only '^first' --profile profiles     and where exporter spends its time

The cases of a size:
`

// command is the program: it writes the table to out and progress to log.
func command(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	rows := flags.String("rows", "1M", "numbers of rows, such as 100k or 1M,10M: multiples of 2500")
	repeat := flags.Int("repeat", 3, "how often each pair is measured; the table has medians")
	file := flags.String("json", "", "`FILE` for all figures")
	only := flags.String("only", "", "measure the cases whose names match a `REGEX`")
	var p plan
	flags.StringVar(&p.profile, "profile", "", "`DIR` for processor profiles of exporter and their top ten, one for each case")
	flags.Usage = func() {
		_, _ = io.WriteString(log, usage) // nobody to tell
		flags.PrintDefaults()
		_, _ = io.WriteString(log, examples+caseNames())
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; see --help", flags.Arg(0))
	}
	var err error
	if p.rows, err = parseRows(*rows); err != nil {
		return err
	}
	if p.repeat = *repeat; p.repeat < 1 {
		return fmt.Errorf("--repeat %d: want at least 1", p.repeat)
	}
	if p.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("--only: %w", err)
	}
	rep, err := p.run(ctx, log)
	if rep == nil {
		return err
	}
	if *file != "" {
		data, problem := json.MarshalIndent(rep, "", "  ")
		if problem == nil {
			problem = os.WriteFile(*file, append(data, '\n'), 0o644)
		}
		err = errors.Join(err, problem)
	}
	return errors.Join(err, rep.print(out))
}

// parseRows reads "100k,10M". Each day has whole hundreds of rows, so that a
// hundredth of them is a number.
func parseRows(list string) ([]int, error) {
	var out []int
	for _, text := range strings.Split(list, ",") {
		number, unit := strings.TrimSpace(text), 1
		for suffix, n := range map[string]int{"k": 1000, "M": 1_000_000} {
			if before, ok := strings.CutSuffix(number, suffix); ok {
				number, unit = before, n
			}
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n*unit%(days*100) != 0 {
			return nil, fmt.Errorf("--rows %q: want multiples of %d, such as 100k or 1M,10M", text, days*100)
		}
		out = append(out, n*unit)
	}
	return out, nil
}
