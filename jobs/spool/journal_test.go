package spool_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fast fills a spool with five pages of one row that come at once: the first is
// synced, the others are in the journal. The process is gone then. It returns the
// folder of the spool.
func fast(t *testing.T, dir string) (folder string) {
	t.Helper()
	sp, _ := open(t, root(t, dir, 0), spec, now)
	for i := range 5 {
		add(t, sp, page(0, fmt.Sprint(i+1), fmt.Sprintf("%d,page", i+1)))
	}
	found, err := filepath.Glob(filepath.Join(dir, "conversions", "*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[0]
}

// consistent opens a spool again, whose rows have to be those of the checkpoint it
// goes on at, and returns that one's page.
func consistent(t *testing.T, dir string) (pages int) {
	t.Helper()
	sp, _, err := root(t, dir, 0).Open(spec, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	pages = int(sp.State().Pages)
	rows := content(t, sp)
	if len(rows) != pages || sp.Tallies()[0].Rows != int64(pages) || pages > 0 && string(sp.State().Next.Cursor) != fmt.Sprint(pages) {
		t.Fatalf("page %d at %s with rows %q", pages, sp.State().Next.Cursor, rows)
	}
	for i, row := range rows {
		if row != fmt.Sprintf("0/false %d page", i+1) {
			t.Fatalf("row %d is %q", i+1, row)
		}
	}
	add(t, sp, page(0, "99", "9,next")) // it can be gone on with
	if len(content(t, sp)) != pages+1 {
		t.Fatalf("%d rows after another page", len(content(t, sp)))
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	return pages
}

func TestTheEndOfTheProcessLosesNoCheckpoint(t *testing.T) {
	dir := t.TempDir()
	fast(t, dir)
	if pages := consistent(t, dir); pages != 5 {
		t.Errorf("goes on at page %d of 5", pages)
	}
}

// Of what was not synced a power cut leaves anything: a file may be short, or hold
// zeros or what was there before in the place of what was written.
func TestAPowerCutLeavesTheLastGoodCheckpoint(t *testing.T) {
	dir := t.TempDir()
	folder := fast(t, dir)
	rows, journal := filepath.Join(folder, "0.rows"), filepath.Join(folder, "journal")
	whole := map[string][]byte{}
	for _, name := range []string{rows, journal, filepath.Join(folder, "meta.json")} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = data
	}
	frame := len(whole[rows]) / 5
	try := func(what, name string, data []byte) int {
		t.Helper()
		for name, data := range whole {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		pages := consistent(t, dir)
		if pages < 1 || pages > 5 {
			t.Errorf("%s: goes on at page %d", what, pages)
		}
		return pages
	}
	for cut := frame; cut < len(whole[rows]); cut++ {
		if pages := try("short rows", rows, whole[rows][:cut]); pages != cut/frame {
			t.Errorf("with %d bytes of rows it goes on at page %d", cut, pages)
		}
		zeros := append([]byte(nil), whole[rows]...)
		zeros[cut] ^= 0x55
		if pages := try("damaged rows", rows, zeros); pages != cut/frame {
			t.Errorf("with byte %d of rows damaged it goes on at page %d", cut, pages)
		}
	}
	for end, want := 0, 1; end < len(whole[journal]); want++ {
		next := end + 12 + int(binary.LittleEndian.Uint32(whole[journal][end:]))
		for _, cut := range []int{end, end + 5, (end + next) / 2, next - 1} {
			if pages := try("short journal", journal, whole[journal][:cut]); pages != want {
				t.Errorf("with %d of %d bytes of the journal it goes on at page %d, want %d", cut, len(whole[journal]), pages, want)
			}
		}
		end = next
	}
	// A good frame in the place of another, of the same length.
	old := append([]byte(nil), whole[rows]...)
	copy(old[3*frame:4*frame], old[2*frame:])
	if pages := try("another frame", rows, old); pages != 3 {
		t.Errorf("with page 3 in the place of page 4 it goes on at page %d", pages)
	}
}

// A page that took its time is worth a sync, and none waits for longer than a second.
func TestWhichCheckpointsAreSynced(t *testing.T) {
	dir, at := t.TempDir(), now
	sp, _, err := root(t, dir, 0).Open(spec, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	survives := func() int { // a power cut that takes the journal
		t.Helper()
		from, err := filepath.Glob(filepath.Join(dir, "conversions", "*"))
		if err != nil || len(from) != 1 {
			t.Fatal(from, err)
		}
		copied := t.TempDir()
		if err := os.CopyFS(filepath.Join(copied, "conversions", filepath.Base(from[0])), os.DirFS(from[0])); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(copied, "conversions", filepath.Base(from[0]), "journal")); err != nil {
			t.Fatal(err)
		}
		other, _ := open(t, root(t, copied, 0), spec, at)
		return int(other.State().Pages)
	}
	for i, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {99 * time.Millisecond, 1}, {99 * time.Millisecond, 1}, {100 * time.Millisecond, 4}, {0, 4}} {
		at = at.Add(step.after)
		add(t, sp, page(0, fmt.Sprint(i+1), "1,a"))
		if got := survives(); got != step.want {
			t.Errorf("after page %d, page %d is synced, want %d", i+1, got, step.want)
		}
	}
	for range 12 {
		at = at.Add(90 * time.Millisecond)
		add(t, sp, page(0, "99", "1,a"))
	}
	if got := survives(); got != 16 && got != 17 {
		t.Errorf("after a second of fast pages, page %d is synced", got)
	}
	at = at.Add(10 * time.Millisecond)
	add(t, sp, page(0, "99", "1,a"))
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	if got := survives(); got != 18 {
		t.Errorf("after the end, page %d is synced", got)
	}
}
