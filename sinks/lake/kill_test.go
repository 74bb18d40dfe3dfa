package lake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/sinktest"
)

// childVariable makes the test program load a slice and stop before one of its steps.
const childVariable = "LAKE_SINK_CHILD"

type childTask struct {
	Target string
	Stop   int // before which step, from 1
}

// child loads a slice up to a step, says which, and waits to be killed. Without so
// many steps it says that it is done.
func child(text string) int {
	ctx := context.Background()
	var task childTask
	err := json.Unmarshal([]byte(text), &task)
	var s sinks.Sink
	if err == nil {
		s, err = openTarget(ctx, task.Target)
	}
	if err == nil {
		stopBefore(s, task.Stop, func(step string) error {
			fmt.Println("before", step)
			_, err := io.Copy(io.Discard, os.Stdin) // until it is killed
			return err
		})
		err = loadTwo(ctx, s, "new", 2)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("done")
	return 0
}

// stopBefore does something before the n-th change that a sink makes.
func stopBefore(s sinks.Sink, n int, do func(step string) error) {
	steps := 0
	lake.OnStep(s, func(step string) error {
		if steps++; steps == n {
			return do(step)
		}
		return nil
	})
}

const perPart = 40

// loadTwo loads a slice of two tables, the first in so many parts.
func loadTwo(ctx context.Context, s sinks.Sink, mark string, parts int) error {
	lake.SetPartSize(s, 1) // every batch is one
	var batches []*record.Batch
	l := loadOf(facts, batch(0, 0, ""), batch(1, 3, mark))
	for range parts {
		b := batch(0, perPart, mark)
		l.Tables[0].Tally.Add(b)
		l.Read += int64(b.Rows())
		batches = append(batches, b)
	}
	l.Announced = -1
	w, err := s.Begin(ctx, l)
	if err != nil {
		return err
	}
	for _, b := range append(batches, batch(1, 3, mark)) {
		if err == nil {
			err = w.Write(ctx, b)
		}
	}
	if err == nil {
		_, err = w.Commit(ctx)
	}
	return errors.Join(err, w.Abort(ctx))
}

// place is where a test loads to.
type place struct {
	objects
	open   func() sinks.Sink
	target string
}

// places returns a way to make new places of both drivers.
func places(t *testing.T) map[string]func() place {
	service := newService(t)
	l := layout("parquet", "zstd")
	n := 0
	return map[string]func() place{
		"files": func() place {
			dir := t.TempDir()
			return place{folder(dir), func() sinks.Sink { return openFiles(t, dir, l) }, "files parquet zstd " + dir}
		},
		"gcs": func() place {
			n++
			prefix := fmt.Sprintf("place-%d", n)
			return place{stored{service, prefix + "/"}, func() sinks.Sink { return openBucket(t, service, prefix, l) }, "gcs parquet zstd " + service.http.URL + " " + prefix}
		},
	}
}

// sees returns the load that readers see, "" if none, and checks that it is one.
func (p place) sees(t testing.TB) string {
	t.Helper()
	one, err := table(p, "facts", facts.Columns)
	two, err2 := table(p, "facts_1", facts.Columns)
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if len(one)+len(two) == 0 {
		return ""
	}
	mark := two[0][1]
	for _, row := range append(one, two...) {
		if row[1] != mark {
			t.Fatalf("a reader sees rows of %s and of %s", mark, row[1])
		}
	}
	if want := map[string]int{"old": 3, "new": 2, "rival": 1}[mark] * perPart; len(one) != want || len(two) != 3 {
		t.Fatalf("a reader sees %d and %d rows of %s, want %d and 3", len(one), len(two), mark, want)
	}
	return mark
}

// holds checks that there is a load and nothing else, for all readers.
func (p place) holds(t testing.TB, when, mark string, parts int) {
	t.Helper()
	if got := p.sees(t); got != mark {
		t.Fatalf("%s readers see %q, want %q", when, got, mark)
	}
	want := []string{
		"facts/_schema.json", "facts/dt=2026-03-01/_manifest-facts-north-0000.json",
		"facts_1/_schema.json", "facts_1/dt=2026-03-01/facts-north-0000-0.parquet",
	}
	for i := range parts {
		want = append(want, fmt.Sprintf("facts/dt=2026-03-01/facts-north-0000-%d.parquet", i))
	}
	got, err := p.names()
	if err != nil {
		t.Fatal(err)
	}
	got = slices.DeleteFunc(got, func(name string) bool { return strings.HasPrefix(name, "_restatements/") })
	sameNames(t, when, want, got)
	for _, name := range got { // a reader who goes by names alone
		if !strings.HasSuffix(name, ".parquet") {
			continue
		}
		content, err := p.get(name, 0)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := decode(name, content, facts.Columns)
		if err != nil || len(rows) == 0 || rows[0][1] != mark {
			t.Fatalf("%s %s has %d rows, the first %v: %v", when, name, len(rows), rows[:min(len(rows), 1)], err)
		}
	}
}

// agrees checks that the ledger says what readers see.
func (p place) agrees(t testing.TB, when string) {
	t.Helper()
	list, err := p.open().Committed(t.Context(), "facts", day, day.AddDate(0, 0, 1))
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	mark := p.sees(t)
	if mark == "" && len(list) == 0 {
		return
	}
	if want := int64(map[string]int{"old": 3, "new": 2, "rival": 1}[mark]*perPart + 3); len(list) != 1 || list[0].Written != want {
		t.Fatalf("%s readers see %q, the ledger has %+v", when, mark, list)
	}
}

// toldOnce checks that it is told once that new rows came for old.
func (p place) toldOnce(t testing.TB, when string) {
	t.Helper()
	names, err := p.names()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, name := range names {
		if strings.HasPrefix(name, "_restatements/facts/") {
			text, err := p.get(name, 0)
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, string(text))
		}
	}
	if len(told) != 1 || strings.Count(told[0], "\n") != 2 || !strings.Contains(told[0], `"table_name":"facts",`) || !strings.Contains(told[0], `"rows_before":120,"rows_after":80,`) {
		t.Fatalf("%s: it is told %q", when, told)
	}
}

// TestKilled: kill -9 between any two steps leaves the old rows or the new, and the
// next load the same as if nothing had happened.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			saw := map[string]int{}
			for stop := 1; ; stop++ {
				p := newPlace()
				if err := loadTwo(t.Context(), p.open(), "old", 3); err != nil {
					t.Fatal(err)
				}
				at := kill(t, childTask{Target: p.target, Stop: stop})
				if at == "done" {
					break
				}
				saw[p.sees(t)]++
				p.agrees(t, at)
				if err := loadTwo(t.Context(), p.open(), "new", 2); err != nil {
					t.Fatalf("killed %s: %v", at, err)
				}
				p.holds(t, "killed "+at+", loaded again,", "new", 2)
				p.agrees(t, at)
				p.toldOnce(t, at)
			}
			if saw["old"] < 8 || saw["new"] < 8 {
				t.Errorf("readers saw %v, want several kills on both sides", saw)
			}
		})
	}
}

// kill runs a task in another process and kills it where it stops.
func kill(t *testing.T, task childTask) string {
	t.Helper()
	line := sinktest.KillChild(t, childVariable, task, nil)
	if line != "done" && !strings.HasPrefix(line, "before ") {
		t.Fatalf("the child says %q", line)
	}
	return line
}

// forget removes one object, as an operator may.
func (p place) forget(name string) error {
	switch o := p.objects.(type) {
	case folder:
		return os.Remove(string(o) + "/" + name)
	case stored:
		return o.fake.Backend().DeleteObject(testBucket, o.prefix+name)
	}
	return errNoObject
}
