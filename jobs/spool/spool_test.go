package spool_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/jobs/spool"
	"exporter/record"
	"exporter/sources"
)

var (
	now    = time.Date(2026, 11, 22, 3, 30, 0, 0, time.UTC)
	tables = []record.Table{
		{Columns: []record.Column{{Name: "id", Type: record.Integer}, {Name: "s"}}},
		{Name: "items", Columns: []record.Column{{Name: "n", Type: record.Numeric}}},
	}
	spec = spool.Spec{
		Job: "conversions", Part: "../etc/passwd", Definition: "d1", Tables: tables,
		Interval: sources.Interval{Start: now.AddDate(0, 0, -1), End: now},
	}
)

func page(table int, next string, rows ...string) sources.Page {
	b := record.NewBuilder(table, tables[table], nil)
	for _, r := range rows {
		for _, cell := range strings.Split(r, ",") {
			b.Raw([]byte(cell))
		}
		b.EndRow(func() []byte { return []byte(`{"raw":true}`) })
	}
	p := sources.Page{Announced: 7}
	p.Batch, p.Rejects = b.Take()
	if next != "" {
		p.Next = &sources.Checkpoint{Kind: sources.Keyset, Cursor: []byte(next)}
	}
	return p
}

func root(t *testing.T, dir string, most int64) *spool.Root {
	t.Helper()
	r, err := spool.OpenRoot(dir, most)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, r *spool.Root, s spool.Spec, at time.Time) (*spool.Spool, string) {
	t.Helper()
	sp, why, err := r.Open(s, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sp.Close(); err != nil {
			t.Error(err)
		}
	})
	return sp, why
}

func add(t *testing.T, sp *spool.Spool, p sources.Page) {
	t.Helper()
	if err := sp.Append(&p); err != nil {
		t.Fatal(err)
	}
	if p.Next != nil {
		if err := sp.Checkpoint(p); err != nil {
			t.Fatal(err)
		}
	}
}

func content(t *testing.T, sp *spool.Spool) []string {
	t.Helper()
	var out []string
	for b, err := range sp.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		for r := range b.Rows() {
			row := fmt.Sprintf("%d/%v", b.Table, b.Rejects)
			for c := range b.Columns() {
				cell, _ := b.Cell(r, c)
				if b.Table == 0 && c == 0 && !b.Rejects {
					row += fmt.Sprintf(" %d", record.Int(cell))
					continue
				}
				row += " " + string(cell)
			}
			out = append(out, row)
		}
	}
	return out
}

func TestTablesComeBackOneAfterTheOther(t *testing.T) {
	sp, why := open(t, root(t, t.TempDir(), 0), spec, now)
	if why != "" {
		t.Errorf("a new spool explains itself: %s", why)
	}
	add(t, sp, page(0, "", "1,a"))
	add(t, sp, page(1, "1", "1.50", "x"))
	add(t, sp, page(0, "2", "2,b"))
	want := []string{"0/false 1 a", "0/false 2 b", "1/false 1.50", `1/true {"raw":true} n "x" is not a decimal number`}
	if d := cmp.Diff(want, content(t, sp)); d != "" {
		t.Error(d)
	}
	if sp.State().Pages != 2 || sp.Tallies()[0].Rows != 2 || sp.Rejected()[1] != 1 {
		t.Errorf("%+v", sp.State())
	}
}

func TestACrashLeavesTheLastCheckpoint(t *testing.T) {
	dir := t.TempDir()
	sp, _ := open(t, root(t, dir, 0), spec, now)
	add(t, sp, page(0, "1", "1,a", "x,reject"))
	hash := sp.Tallies()[0].Hash()
	add(t, sp, page(0, "", "2,never durable"))
	// No Close: the process is gone. Another one opens the folder.
	again, why := open(t, root(t, dir, 0), spec, now.Add(time.Hour))
	if why != "" {
		t.Fatalf("spool was not resumed: %s", why)
	}
	if string(again.State().Next.Cursor) != "1" || again.Tallies()[0].Hash() != hash || again.Rejected()[0] != 1 {
		t.Errorf("state %+v", again.State())
	}
	add(t, again, page(0, "2", "2,b"))
	want := []string{"0/false 1 a", "0/false 2 b", `0/true {"raw":true} id "x" is not an integer`}
	if d := cmp.Diff(want, content(t, again)); d != "" {
		t.Error(d)
	}
	// The first process wakes up: its checkpoint must not replace the other's.
	late := page(0, "9", "9,late")
	for what, err := range map[string]error{
		"page": sp.Append(&late), "checkpoint": sp.Checkpoint(late), "rollback": sp.Rollback(), "restart": sp.Restart(), "end": sp.Finish(),
	} {
		if fault.ClassOf(err) != fault.Interrupted {
			t.Errorf("a spool that was taken over took a %s: %v", what, err)
		}
	}
	if err := sp.Remove(); err != nil {
		t.Errorf("remove a spool that was taken over: %v", err)
	}
	if d := cmp.Diff(want, content(t, again)); d != "" {
		t.Error(d)
	}
	if string(again.State().Next.Cursor) != "2" {
		t.Errorf("checkpoint moved to %s", again.State().Next.Cursor)
	}
	add(t, again, page(0, "3", "3,c")) // its files are still there
}

func TestRollbackForgetsRows(t *testing.T) {
	sp, _ := open(t, root(t, t.TempDir(), 0), spec, now)
	add(t, sp, page(0, "1", "1,a"))
	hash := sp.Tallies()[0].Hash()
	add(t, sp, page(0, "", "2,b", "x,y"))
	if err := sp.Rollback(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"0/false 1 a"}, content(t, sp)); d != "" || sp.Tallies()[0].Hash() != hash || sp.Rejected()[0] != 0 {
		t.Errorf("%s, rejected %v", d, sp.Rejected())
	}
}

func TestWhatIsNotGoneOnWith(t *testing.T) {
	other := spec
	other.Definition = "d2"
	closing := spec
	closing.ClosedAt = now.Add(time.Hour)
	asked := spec
	asked.AskedAt = now.Add(time.Minute)
	wider := spec
	wider.Tables = []record.Table{tables[0], {Name: "items", Columns: []record.Column{{Name: "n", Type: record.Text}}}}
	for name, c := range map[string]struct {
		spec   spool.Spec
		at     time.Time
		damage func(t *testing.T, dir string)
		why    string
	}{
		"definition":            {spec: other, at: now, why: "the job's definition changed since"},
		"schema":                {spec: wider, at: now, why: "the job's definition changed since"},
		"age":                   {spec: spec, at: now.Add(49 * time.Hour), why: "its last page was read at 2026-11-22T03:30:00Z, over 48h0m0s ago"},
		"from the future":       {spec: spec, at: now.Add(-2 * time.Hour), why: "its last page was read at 2026-11-22T03:30:00Z, over 48h0m0s ago"},
		"open then, closed now": {spec: closing, at: now.Add(2 * time.Hour), why: "it was begun while the interval was open"},
		"asked for since":       {spec: asked, at: now.Add(time.Hour), why: "it was begun before that was asked for"},
		"cut file": {spec: spec, at: now, why: "its files are shorter than its checkpoint says", damage: func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "0.rows"), 3); err != nil {
				t.Fatal(err)
			}
		}},
		"damaged meta": {spec: spec, at: now, why: "its checkpoint is damaged (unexpected end of JSON input)", damage: func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "meta.json"), []byte(`{"format":1`), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			sp, _ := open(t, root(t, dir, 0), spec, now)
			add(t, sp, page(0, "1", "1,a"))
			if c.damage != nil {
				found, err := filepath.Glob(filepath.Join(dir, "conversions", "*"))
				if err != nil || len(found) != 1 {
					t.Fatal(found, err)
				}
				c.damage(t, found[0])
			}
			again, why := open(t, root(t, dir, 0), c.spec, c.at)
			if why != c.why {
				t.Errorf("why: %q, want %q", why, c.why)
			}
			if len(content(t, again)) != 0 || again.State().Pages != 0 || len(again.State().Next.Cursor) != 0 {
				t.Errorf("not empty: %+v", again.State())
			}
		})
	}
}

// What was the current state last night is it no longer.
func TestCurrentStateGetsOldSooner(t *testing.T) {
	current := spec
	current.Interval = sources.Interval{}
	for after, want := range map[time.Duration]string{
		11 * time.Hour: "", 13 * time.Hour: "its last page was read at 2026-11-22T03:30:00Z, over 12h0m0s ago",
	} {
		dir := t.TempDir()
		sp, _ := open(t, root(t, dir, 0), current, now)
		add(t, sp, page(0, "1", "1,a"))
		if _, why := open(t, root(t, dir, 0), current, now.Add(after)); why != want {
			t.Errorf("after %s: %q, want %q", after, why, want)
		}
	}
}

func TestDamageIsNoticedWhileLoading(t *testing.T) {
	dir := t.TempDir()
	sp, _ := open(t, root(t, dir, 0), spec, now)
	add(t, sp, page(0, "1", "1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
	found, err := filepath.Glob(filepath.Join(dir, "conversions", "*", "0.rows"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bad := append([]byte(nil), data...)
		bad[i] ^= 0x10
		if err := os.WriteFile(found[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range sp.Batches() {
			last = err
		}
		if !errors.Is(last, record.ErrCorrupt) {
			t.Fatalf("byte %d flipped: %v", i, last)
		}
	}
}

func TestBounded(t *testing.T) {
	dir := t.TempDir()
	r := root(t, dir, 200)
	sp, _ := open(t, r, spec, now)
	add(t, sp, page(0, "1", "1,a"))
	long := rand.Text() + rand.Text() + rand.Text() // does not compress
	big := page(0, "2", "2,"+long)
	err := sp.Append(&big)
	for range 5 {
		if err == nil {
			err = sp.Append(&big)
		}
	}
	if fault.ClassOf(err) != fault.Parked || fault.HintOf(err) == "" {
		t.Fatalf("a full spool: %v", err)
	}
	if err := sp.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := root(t, dir, 0).Used(); got != r.Used() || got == 0 {
		t.Errorf("on disk are %d bytes, %d were counted", got, r.Used())
	}
	if err := sp.Remove(); err != nil {
		t.Fatal(err)
	}
	if r.Used() != 0 {
		t.Errorf("%d bytes are left", r.Used())
	}
}

func TestAPartCannotLeaveTheFolder(t *testing.T) {
	dir := t.TempDir()
	open(t, root(t, filepath.Join(dir, "spool"), 0), spec, now)
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != 1 {
		t.Errorf("%v %v", found, err)
	}
	info, err := os.Stat(filepath.Join(dir, "spool", "conversions"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
}

func BenchmarkAppend(b *testing.B) {
	r, err := spool.OpenRoot(b.TempDir(), 0)
	if err != nil {
		b.Fatal(err)
	}
	sp, _, err := r.Open(spec, func() time.Time { return now })
	if err != nil {
		b.Fatal(err)
	}
	var rows []string
	for i := range 5000 {
		rows = append(rows, fmt.Sprintf("%d,some text of row %d that is not all that long", i, i*7919))
	}
	p := page(0, "1", rows...)
	b.SetBytes(int64(p.Batch.Size()))
	for b.Loop() {
		if err := sp.Append(&p); err != nil {
			b.Fatal(err)
		}
		if err := sp.Checkpoint(p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*5000/b.Elapsed().Seconds(), "rows/s")
	if err := sp.Remove(); err != nil {
		b.Fatal(err)
	}
}
