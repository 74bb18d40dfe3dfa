package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"

	"exporter/sinks/postgres/pgserver"
)

// plan is what the suite is asked for.
type plan struct {
	rows    []int
	repeat  int
	only    *regexp.Regexp // of names of cases
	profile string         // folder for profiles, "" = none
	temp    string         // where everything is made; "" = the system's folder of temporary files
	flags   []string       // of go build
	spares  bool           // the server keeps no promise to the disk: for tests of the suite itself
}

// suite is a run of the benchmarks: a folder, a server, a program.
type suite struct {
	plan
	dir     string
	program string // exporter
	server  *pgserver.Server
	log     io.Writer // progress
	results []*result
}

// run measures everything that is asked for. With an error there may be a report of
// what was measured before.
func (p plan) run(ctx context.Context, log io.Writer) (_ *report, err error) {
	s := &suite{plan: p, log: log}
	worlds := s.worlds()
	if len(worlds) == 0 {
		return nil, fmt.Errorf("no case matches %q; the cases of a size are:\n%s", p.only, caseNames())
	}
	if s.dir, err = os.MkdirTemp(p.temp, "exporter-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	if err := s.space(); err != nil {
		return nil, err
	}
	rep := &report{Begin: look(), Repeat: p.repeat}
	s.say("building exporter")
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	settings := pgserver.Durable()
	if p.spares {
		settings = nil
	}
	if s.server, err = pgserver.New(settings); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.server.Remove()) }()
	if err := pgserver.Execute(ctx, s.server.DSN(), "CREATE ROLE bench LOGIN"); err != nil {
		return nil, err
	}
	if rep.Versions, err = s.versions(ctx); err != nil {
		return nil, err
	}
	for _, w := range worlds {
		if err = w.run(ctx); err != nil {
			err = fmt.Errorf("%s: %w", w.name(), err)
			break
		}
	}
	rep.End, rep.Results = look(), s.results
	rep.conclude()
	return rep, err
}

func (s *suite) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.log, format+"\n", args...) // progress that nobody reads is no failure
}

// space refuses a run that would fill the disk. Rows are there as answers of the
// vendor (twice, where they change), CSV, three tables, an index and a spool.
func (s *suite) space() error {
	const perRow, wal = 2000, 9 << 30
	most := 0
	for _, n := range s.rows {
		most = max(most, n)
	}
	need := uint64(most) * perRow
	if !s.spares {
		need += min(wal, 2*need)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &fs); err != nil {
		return err
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < need {
		return fmt.Errorf("%d rows need %d GiB in %s, %d are free: name another folder in TMPDIR, or fewer --rows", most, need>>30+1, s.dir, free>>30)
	}
	return nil
}

// build makes the program that is measured, as a user would.
func (s *suite) build(ctx context.Context) error {
	s.program = filepath.Join(s.dir, "exporter")
	args := append([]string{"build", "-o", s.program}, s.flags...)
	if s.profile != "" {
		overlay, err := s.overlay(ctx)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	if out, err := exec.CommandContext(ctx, "go", append(args, "exporter/cmd/exporter")...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
