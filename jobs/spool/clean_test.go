package spool_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"exporter/sources"
)

// oddFolder is one whose name would be a pattern.
func oddFolder(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "data [old]*")
}

func spools(t *testing.T, dir string) []string {
	t.Helper()
	left, err := fs.Glob(os.DirFS(dir), "*/*/meta.json")
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestSweepRemovesWhatIsTooOld(t *testing.T) {
	dir := oddFolder(t)
	r := root(t, dir, 0)
	sp, _ := open(t, r, spec, now)
	add(t, sp, page(0, "1", "1,a"))
	later := spec
	later.Part = "young"
	young, _ := open(t, r, later, now.Add(40*time.Hour))
	add(t, young, page(0, "1", "1,a"))
	if err := os.MkdirAll(filepath.Join(dir, "notes", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes", "x", "meta.json"), []byte(`{"mine":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := r.Sweep(now.Add(49 * time.Hour))
	if err != nil || n != 1 {
		t.Fatalf("swept %d: %v", n, err)
	}
	if left := spools(t, dir); len(left) != 2 {
		t.Errorf("left %v", left)
	}
	if got := root(t, dir, 0).Used(); got != r.Used() {
		t.Errorf("on disk are %d bytes, %d were counted", got, r.Used())
	}
}

// TestPurge: the spools of a job that start in a span go, with what they count for;
// those of other days and jobs stay.
func TestPurge(t *testing.T) {
	dir := oddFolder(t)
	r := root(t, dir, 0)
	day := now.Truncate(24 * time.Hour)
	begin := func(job string, start time.Time) {
		s := spec
		s.Job, s.Interval = job, sources.Interval{Start: start, End: start.AddDate(0, 0, 1)}
		sp, _ := open(t, r, s, now)
		add(t, sp, page(0, "1", "1,a"))
	}
	for n := range 4 {
		begin("conversions", day.AddDate(0, 0, n))
	}
	begin("conversions", time.Time{}) // of what has no interval
	begin("orders", day)
	purge := func(from, to time.Time, want, left int) {
		t.Helper()
		n, err := r.Purge("conversions", from, to)
		if err != nil || n != want {
			t.Fatalf("purged %d from %s to %s (%v), want %d", n, from, to, err, want)
		}
		if got := spools(t, dir); len(got) != left {
			t.Errorf("left are %v, want %d", got, left)
		}
		if got := root(t, dir, 0).Used(); got != r.Used() {
			t.Errorf("on disk are %d bytes, %d were counted", got, r.Used())
		}
	}
	purge(day.AddDate(0, 0, 1), day.AddDate(0, 0, 3), 2, 4)
	purge(day.AddDate(0, 0, 1), time.Time{}, 1, 3)
	purge(time.Time{}, time.Time{}, 2, 1)
}
