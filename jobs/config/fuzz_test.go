package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"exporter/fault"
	"exporter/jobs/config"
)

// Whatever a file holds, the answer is a configuration or a list of issues with
// places inside the file, and twice the same.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.toml", "testdata/good/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := config.Parse("testdata/bad/fuzz.toml", data, drivers(), env)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("got %v and %v", cfg, err)
		}
		if err == nil {
			for _, j := range cfg.Jobs {
				if j.Cron == nil || j.Source == nil || len(j.Sinks) == 0 || j.Kind.Windowed == j.Interval.IsZero() || len(config.Fingerprint(j)) != 32 {
					t.Errorf("incomplete job %+v", j)
				}
			}
			return
		}
		lines := 1
		for _, b := range data {
			if b == '\n' {
				lines++
			}
		}
		for _, issue := range config.Errors(err) {
			if issue.Line < 1 || issue.Line > lines || issue.Col < 1 || issue.Text == "" {
				t.Errorf("place outside of %d lines: %+v", lines, issue)
			}
		}
		_, again := config.Parse("testdata/bad/fuzz.toml", data, drivers(), env)
		if fault.ClassOf(err) != fault.Config || again == nil || again.Error() != err.Error() {
			t.Errorf("first: %v\nthen: %v", err, again)
		}
	})
}
