package lake_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"exporter/fault"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sinks/lake"
)

func TestValidate(t *testing.T) {
	good := layout("parquet", "zstd")
	bad := lake.Layout{Format: "orc", Compression: "lz4", PartSize: 5}
	problem := settings.Problemf
	layouts := []settings.Problem{
		problem("format", `"orc" is not a format; write "parquet", "csv" or "jsonl"`),
		problem("compression", `"lz4" is not a compression; write "zstd", "gzip" or "none"`),
		problem("part_size", `must be at least 1MiB; write "1GiB"`),
	}
	prefix := func(p string) []settings.Problem {
		return []settings.Problem{problem("prefix", `%q cannot come before the names of objects; write folders with / between and none at the ends, such as "exports"`, p)}
	}
	for name, c := range map[string]struct {
		config sinks.Config
		want   []settings.Problem
	}{
		"bucket":        {&lake.GCSConfig{Layout: good, Bucket: "acme-lake", Prefix: "a/b.c"}, nil},
		"no prefix":     {&lake.GCSConfig{Layout: good, Bucket: "acme-lake"}, nil},
		"no bucket":     {&lake.GCSConfig{Layout: bad}, append([]settings.Problem{problem("bucket", `is missing; write the name of a bucket, such as "acme-lake"`)}, layouts...)},
		"bucket, more":  {&lake.GCSConfig{Layout: good, Bucket: "acme/lake"}, []settings.Problem{problem("bucket", `"acme/lake" has a slash; write the name of the bucket alone, and what comes after it in prefix`)}},
		"bucket as URL": {&lake.GCSConfig{Layout: good, Bucket: "gs:acme"}, []settings.Problem{problem("bucket", `"gs:acme" is not the name of a bucket; write one, such as "acme-lake"`)}},
		"prefix, slash": {&lake.GCSConfig{Layout: good, Bucket: "acme-lake", Prefix: "a/"}, prefix("a/")},
		"prefix, up":    {&lake.GCSConfig{Layout: good, Bucket: "acme-lake", Prefix: "a/../b"}, prefix("a/../b")},
		"folder":        {&lake.FilesConfig{Layout: good, Dir: "lake"}, nil},
		"no folder":     {&lake.FilesConfig{Layout: good}, []settings.Problem{problem("dir", `is missing; write the path of a folder, such as "exporter-lake"`)}},
		"folder as URL": {&lake.FilesConfig{Layout: good, Dir: "gs://x"}, []settings.Problem{problem("dir", `is not the path of a folder; write one, such as "exporter-lake"`)}},
	} {
		if d := cmp.Diff(c.want, c.config.Validate()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	if got := (&lake.GCSConfig{Bucket: "a", Prefix: "b"}).Target(); got != "gs://a/b" {
		t.Error(got)
	}
	t.Setenv("STORAGE_EMULATOR_HOST", "localhost:1")
	if got := (&lake.GCSConfig{Bucket: "a"}).Target(); got != "gs://a/ at localhost:1" {
		t.Error(got)
	}
	c := &lake.FilesConfig{Dir: "x"}
	sinks.Relative(c).Resolve("/etc")
	if c.Dir != filepath.FromSlash("/etc/x") || c.Target() != "files:/etc/x" {
		t.Errorf("%s, %s", c.Dir, c.Target())
	}
}

// TestNames: names of jobs and parts stay in their folder, and never become one.
func TestNames(t *testing.T) {
	for part, want := range map[string]string{"north": "north", "a-b": "a~2db", "../x": "~2e.~2fx", "": "", "_x": "~5fx", "é": "~c3~a9", "a~b": "a~7eb"} {
		if got := lake.Escape(part, ""); got != want {
			t.Errorf("%q becomes %q, want %q", part, got, want)
		}
	}
	name := rapid.StringMatching(`[a-b~/._-]{0,6}|[a-~]{90,110}`)
	rapid.Check(t, func(t *rapid.T) {
		type slice struct{ job, part string }
		a, b := slice{name.Draw(t, "job"), name.Draw(t, "part")}, slice{name.Draw(t, "job"), name.Draw(t, "part")}
		stem := func(s slice) string { return lake.Escape(s.job, "-") + "-" + lake.Escape(s.part, "") }
		if (a == b) != (stem(a) == stem(b)) {
			t.Fatalf("%q and %q become %q and %q", a, b, stem(a), stem(b))
		}
		if s := stem(a); strings.ContainsAny(s, "/\\") || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "_") || len(s) > 205 {
			t.Fatalf("%q becomes %q", a, s)
		}
	})
}

// TestTableNames: a table cannot leave the sink's place.
func TestTableNames(t *testing.T) {
	s := openFiles(t, t.TempDir(), layout("csv", "none"))
	for _, table := range []string{"", "..", "a/b", "_staging", ".hidden", `a\b`} {
		l := loadOf(facts, batch(0, 1, "a"))
		l.Tables[0].Name = table
		_, err := s.Begin(t.Context(), l)
		wantFault(t, err, fault.Config, "cannot be used as a folder", "another table")
	}
}

// TestPlaces: what the names of objects say.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	s := openFiles(t, dir, layout("jsonl", "gzip"))
	rows := batch(0, 1, "a")
	for _, slice := range []sinks.Slice{
		{Job: "sb-orders", Part: "", Start: day.AddDate(0, 0, 1), End: day.AddDate(0, 0, 2)},
		{Job: "sb", Part: "orders", Start: day.AddDate(0, 0, 1).Add(150 * 60e9), End: day.AddDate(0, 0, 2)},
		{Job: "now", Part: "x y"},
	} {
		l := loadOf(facts, rows)
		l.Slice = slice
		if err := try(t, s, l, rows); err != nil {
			t.Fatal(err)
		}
	}
	got, err := folder(dir).names()
	if err != nil {
		t.Fatal(err)
	}
	sameNames(t, "after three loads", []string{
		"facts/_schema.json", "facts/current/_manifest-now-x~20y.json", "facts/current/now-x~20y-0.jsonl.gz",
		"facts/dt=2026-03-02/_manifest-sb-orders-0230.json", "facts/dt=2026-03-02/_manifest-sb-orders--0000.json",
		"facts/dt=2026-03-02/sb-orders-0230-0.jsonl.gz", "facts/dt=2026-03-02/sb-orders--0000-0.jsonl.gz",
	}, got)
}
