package lake_test

import (
	"os"
	"path/filepath"
	"testing"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/sinktest"
)

var layouts = []lake.Layout{layout("parquet", "zstd"), layout("csv", "gzip"), layout("jsonl", "none")}

// harness has what does not depend on where the objects are.
func harness(l lake.Layout, from objects) sinktest.Harness {
	return sinktest.Harness{
		Modes:     lake.Files().Modes,
		Scaleless: l.Format == "parquet",
		Narrow:    l.Format == "parquet",
		Whole:     true,
		Alter:     "_schema.json",
		Rows: func(t testing.TB, name string, columns []record.Column) [][]string {
			rows, err := table(from, name, columns)
			if err != nil {
				t.Errorf("read %s: %v", name, err)
			}
			return rows
		},
	}
}

func TestFilesRules(t *testing.T) {
	t.Parallel()
	for _, l := range layouts {
		t.Run(l.Format, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			h := harness(l, folder(dir))
			h.Open = func(t testing.TB) sinks.Sink { return openFiles(t, dir, l) }
			h.Target = "files " + l.Format + " " + l.Compression + " " + dir
			h.Drop = func(t testing.TB, table string) {
				if err := os.RemoveAll(filepath.Join(dir, table)); err != nil {
					t.Fatal(err)
				}
			}
			sinktest.Run(t, h)
		})
	}
}

func TestBucketRules(t *testing.T) {
	t.Parallel()
	for _, l := range layouts[:1] { // what is in the objects does not depend on where they are
		t.Run(l.Format, func(t *testing.T) {
			s := newService(t)
			from := stored{s, "exports/"}
			h := harness(l, from)
			h.Open = func(t testing.TB) sinks.Sink {
				t.Cleanup(func() { from.remove(t, "") }) // the emulator looks through all objects for one
				return openBucket(t, s, "exports", l)
			}
			h.Target = "gcs " + l.Format + " " + l.Compression + " " + s.http.URL + " exports"
			h.Drop = func(t testing.TB, table string) { from.remove(t, table+"/") }
			h.Break = func(testing.TB) { s.setAway(true) }
			h.Restore = func(testing.TB) { s.setAway(false) }
			sinktest.Run(t, h)
		})
	}
}
