package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
	"exporter/status"
)

// BenchmarkStatusPage shows what each answer costs over 100 jobs and 1,000,000 slices,
// 10,000 of each job in 1,000 days and 10 parts, and over as many of one job.
func BenchmarkStatusPage(b *testing.B) {
	for _, shape := range []struct{ jobs, days, parts int }{{100, 10, 1}, {100, 1000, 10}, {1, 1000, 1000}} {
		handler := fullState(b, shape.jobs, shape.days, shape.parts)
		for _, path := range []string{"/", "/jobs/job0", "/api/jobs", "/api/jobs/job0/slices?from=2026-11-15", "/api/runs", "/metrics", "/readyz"} {
			b.Run(fmt.Sprintf("%d slices of %d jobs%s", shape.jobs*shape.days*shape.parts, shape.jobs, path), func(b *testing.B) {
				for b.Loop() {
					w := httptest.NewRecorder()
					r := httptest.NewRequest(http.MethodGet, path, nil)
					r.Host = "localhost"
					handler().ServeHTTP(w, r)
					if path != "/readyz" && w.Code != http.StatusOK {
						b.Fatal(w.Code, w.Body)
					}
				}
			})
		}
	}
}

// fullState returns handlers without memory of their last answer.
func fullState(b *testing.B, many, days, parts int) func() http.Handler {
	dir := b.TempDir()
	var text strings.Builder
	text.WriteString("[sources.tune]\ndriver = \"hasoffers\"\napi = \"network\"\nnetwork_id = \"demo\"\nnetwork_token = \"x\"\ntimezone = \"UTC\"\n[sinks.local]\ndriver = \"sqlite\"\npath = \"data.db\"\n")
	for i := range many {
		fmt.Fprintf(&text, "[jobs.job%d]\nsource = \"tune\"\nstream = \"conversions\"\nsinks = [\"local\"]\nschedule = \"%d 3 * * *\"\nstart = \"2024-02-27\"\n", i, i%60)
	}
	path := filepath.Join(dir, "jobs.toml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := config.Load(path, drivers(), os.LookupEnv)
	if err != nil {
		b.Fatal(err)
	}
	p := &program{Main: Main{Now: func() time.Time { return today }, Stdout: io.Discard, Stderr: io.Discard}}
	p.flags.config = path
	s, err := p.openState(b.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	if s.engine, err = jobs.NewEngine(cfg, s.state, jobs.Options{Now: p.Now}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.close(b.Context()); err != nil {
			b.Error(err)
		}
	})
	first := today.Truncate(24*time.Hour).AddDate(0, 0, -days)
	in := map[string]state.SinkState{"local": {State: state.SliceCommitted, Rows: 1, LoadedAt: today, CheckedAt: today}}
	for i, job := range cfg.Jobs {
		definition := config.Fingerprint(job)
		for day := range days {
			list := make([]state.Slice, parts)
			for part := range list {
				start := first.AddDate(0, 0, day)
				list[part] = state.Slice{Job: job.Name, Part: fmt.Sprint(part), Start: start, End: start.AddDate(0, 0, 1), State: state.SliceCommitted, Definition: definition, Sinks: in}
				if i%10 == 1 && day == days-1 && part == 0 {
					list[part].State, list[part].Class, list[part].Error, list[part].Hint = state.SliceFailed, "transient", "the vendor does not answer", "Wait."
				}
			}
			if err := s.state.PutSlice(b.Context(), list...); err != nil {
				b.Fatal(err)
			}
		}
	}
	return func() http.Handler {
		return status.New(p.statusOptions(s, slog.New(slog.DiscardHandler), status.NewCounters(jobNames(cfg)))).Handler()
	}
}
