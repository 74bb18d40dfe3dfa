package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exporter/sinks/postgres/pgtest"
)

// store is a database that exporter loads a table of, and its own loader.
type store interface {
	loader() string                        // in the names of figures
	empty(b *testing.B)                    // takes away what a run has loaded
	ask(b *testing.B, query string) string // the cells of a row with | between
	dump(b *testing.B, csv string)         // writes the table's rows
	plain(b *testing.B)                    // makes a table of the same columns, without an index
	load(b *testing.B, csv string)         // into it
}

// compare measures a run of exporter, as a process of its own that has seen
// nothing before, and in turn what the store's own loader takes for the same rows
// from a CSV file. What the run has loaded has to answer query with want. It returns
// what the runs took.
func compare(b *testing.B, p process, s store, rows int, query, want string, args ...string) (load time.Duration) {
	csv, status := filepath.Join(b.TempDir(), "rows.csv"), filepath.Join(p.dir, "status")
	p.env = append(p.env, "STATUS="+status)
	var own, cpu time.Duration
	var peak int64
	for b.Loop() {
		s.empty(b)
		remove(b, filepath.Join(p.dir, "exporter-state.db"))
		began := time.Now()
		cpu += p.run(b, args...)
		load += time.Since(began)
		peak = max(peak, peakOf(b, status))
		if got := s.ask(b, query); got != want {
			b.Fatalf("%s: %s, want %s", query, got, want)
		}
		s.dump(b, csv)
		s.plain(b)
		began = time.Now()
		s.load(b, csv)
		own += time.Since(began)
	}
	n := float64(b.N) * float64(rows)
	b.ReportMetric(n/load.Seconds(), "rows/s")
	b.ReportMetric(n/cpu.Seconds(), "rows/cpu_s") // of exporter alone
	b.ReportMetric(n/own.Seconds(), s.loader()+"_rows/s")
	b.ReportMetric(own.Seconds()/load.Seconds(), "x_"+s.loader())
	b.ReportMetric(float64(peak)/1024, "peak_MiB")
	return load
}

// peakOf returns the most memory, in KiB, that was resident at once in the process
// that left its status in a file. The Maxrss that a parent is told is not it: that
// counts the parent too, whose memory a child has until it becomes the program.
func peakOf(b *testing.B, file string) (kib int64) {
	b.Helper()
	status, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(line, &kib); err != nil {
		b.Fatalf("the system does not say what the process used: %v\n%s", err, status)
	}
	return kib
}

// psql is PostgreSQL and psql's \copy.
type psql struct {
	srv    *pgtest.Server
	dsn    string
	tables []string
}

func (psql) loader() string { return "copy" }

func (s psql) empty(b *testing.B) {
	s.srv.Psql(b, s.dsn, "-c", "drop schema if exists marketing, exporter, plain cascade")
}

func (s psql) ask(b *testing.B, query string) string {
	return strings.TrimSpace(s.srv.Psql(b, s.dsn, "-Atc", query))
}

func (s psql) dump(b *testing.B, csv string) {
	s.each(b, func(n int, table string) string { return fmt.Sprintf(`\copy %s to '%s%d' csv`, table, csv, n) })
}

func (s psql) plain(b *testing.B) {
	s.srv.Psql(b, s.dsn, "-c", "create schema plain")
	s.each(b, func(n int, table string) string { return fmt.Sprintf("create table plain.t%d (like %s)", n, table) })
}

func (s psql) load(b *testing.B, csv string) {
	s.each(b, func(n int, _ string) string { return fmt.Sprintf(`\copy plain.t%d from '%s%[1]d' csv`, n, csv) })
}

// each gives psql a command for every table, in one session.
func (s psql) each(b *testing.B, command func(n int, table string) string) {
	b.Helper()
	var args []string
	for n, table := range s.tables {
		args = append(args, "-c", command(n, table))
	}
	s.srv.Psql(b, s.dsn, args...)
}

// shell is an SQLite file and the .import of the sqlite3 shell.
type shell struct{ path, table string }

func (shell) loader() string { return "import" }

func (s shell) empty(b *testing.B) { remove(b, s.path) }

func (s shell) ask(b *testing.B, query string) string { return s.run(b, query) }

func (s shell) dump(b *testing.B, csv string) {
	s.run(b, ".mode csv", ".once "+csv, "select * from "+s.table)
}

func (s shell) plain(b *testing.B) {
	s.run(b, "create table plain as select * from "+s.table+" limit 0")
}

func (s shell) load(b *testing.B, csv string) {
	s.run(b, ".import --csv "+csv+" plain")
	if rows, want := s.run(b, "select count(*) from plain"), s.run(b, "select count(*) from "+s.table); rows != want {
		b.Fatalf(".import loaded %s rows of %s", rows, want)
	}
}

// run gives the shell a few commands.
func (s shell) run(b *testing.B, commands ...string) string {
	b.Helper()
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Fatalf("find the sqlite3 shell (Debian, Ubuntu: apt-get install sqlite3): %v", err)
	}
	out, err := exec.CommandContext(b.Context(), path, append([]string{"-bail", s.path}, commands...)...).CombinedOutput()
	if err != nil {
		b.Fatalf("sqlite3 %q: %v\n%s", commands, err, out)
	}
	return strings.TrimSpace(string(out))
}

// remove deletes an SQLite file with what lies beside it.
func remove(b *testing.B, path string) {
	b.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !os.IsNotExist(err) {
			b.Fatal(err)
		}
	}
}
