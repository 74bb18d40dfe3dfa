package sourcetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/sources"
)

// sorted orders rows by their text, so that two lists of the same rows are equal.
func sorted(rows []Row) []Row {
	type keyed struct {
		text string
		row  Row
	}
	all := make([]keyed, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(row)) {
			b.WriteString(k + "=" + row[k] + "\x00")
		}
		all[i] = keyed{b.String(), row}
	}
	slices.SortFunc(all, func(a, b keyed) int { return strings.Compare(a.text, b.text) })
	out := make([]Row, len(rows))
	for i, k := range all {
		out[i] = k.row
	}
	return out
}

// compare reports how the rows of a reading differ from the truth.
func compare(t *testing.T, got, want map[string][]Row) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(want)) {
		g, w := sorted(got[table]), sorted(want[table])
		if len(g) != len(w) {
			t.Errorf("table %q: got %d rows, want %d", table, len(g), len(w))
			continue
		}
		for i := range w {
			if !maps.Equal(w[i], g[i]) {
				t.Errorf("table %q, row %d (-want +got):\n%s", table, i, cmp.Diff(w[i], g[i]))
				break
			}
		}
	}
}

func rowsAtEveryPageSize(t *testing.T, h *Harness) {
	for _, size := range h.PageSizes {
		r := h.rig(t, size)
		got := r.read(t.Context(), t, r.request(h.Intervals[0]), nil)
		got.whole(t)
		compare(t, got.rows, h.Truth(t, h.Intervals[0]))
	}
}

func neighbours(t *testing.T, h *Harness) {
	r := h.rig(t, h.PageSizes[0])
	all := map[string][]Row{}
	for i, interval := range h.Intervals {
		if i > 0 && !interval.Start.Equal(h.Intervals[i-1].End) {
			t.Fatalf("interval %s does not follow %s", interval, h.Intervals[i-1])
		}
		got := r.read(t.Context(), t, r.request(interval), nil)
		got.whole(t)
		compare(t, got.rows, h.Truth(t, interval))
		for table, rows := range got.rows {
			all[table] = append(all[table], rows...)
		}
	}
	compare(t, all, h.Truth(t, sources.Interval{Start: h.Intervals[0].Start, End: h.Intervals[len(h.Intervals)-1].End}))
}

func emptyInterval(t *testing.T, h *Harness) {
	if h.Empty == (sources.Interval{}) {
		return
	}
	r := h.rig(t, h.PageSizes[0])
	got := r.read(t.Context(), t, r.request(h.Empty), nil)
	got.whole(t)
	if got.count != 0 {
		t.Errorf("got %d rows, want none", got.count)
	}
}

func resume(t *testing.T, h *Harness) {
	size := h.PageSizes[0]
	r := h.rig(t, size)
	whole := r.read(t.Context(), t, r.request(h.Intervals[0]), nil)
	whole.whole(t)
	if len(whole.marks) < 3 {
		t.Fatalf("got %d checkpoints at page size %d, want at least 3", len(whole.marks), size)
	}
	// All of a few, some of many: among them the first and the last.
	step := max(len(whole.marks)/8, 1)
	for i, m := range whole.marks {
		if i%step != 0 && i != len(whole.marks)-1 {
			continue
		}
		again := h.rig(t, size) // as after a crash: nothing but the checkpoint is left
		rest := again.read(t.Context(), t, again.request(h.Intervals[0]), &m)
		rest.whole(t)
		if rest.count != whole.count || rest.announced != whole.announced {
			t.Errorf("after checkpoint %d: %d rows of %d announced, want %d of %d", i, rest.count, rest.announced, whole.count, whole.announced)
		}
		for table := range whole.tallies {
			if got, want := rest.tallies[table].Hash(), whole.tallies[table].Hash(); got != want {
				t.Errorf("after checkpoint %d: table %d has other rows", i, table)
			}
		}
	}
}

// told: runs show how many requests they took.
func told(t *testing.T, h *Harness) {
	before := h.Requests()
	r := h.rig(t, h.PageSizes[0])
	got := r.read(t.Context(), t, r.request(h.Intervals[0]), nil)
	got.whole(t)
	if sent := h.Requests() - before; int(r.told.Load()) != sent || sent == 0 {
		t.Errorf("told of %d requests, the vendor got %d", r.told.Load(), sent)
	}
}

func preview(t *testing.T, h *Harness) {
	size := h.PageSizes[0]
	r := h.rig(t, size)
	before := h.Requests()
	all := r.read(t.Context(), t, r.request(h.Intervals[0]), nil)
	full := h.Requests() - before
	req := r.request(h.Intervals[0])
	req.Limit = size
	before = h.Requests()
	some := r.read(t.Context(), t, req, nil)
	if some.err != nil {
		t.Fatalf("preview: %v", some.err)
	}
	if asked := h.Requests() - before; asked >= full {
		t.Errorf("a preview took %d requests, everything takes %d", asked, full)
	}
	if some.count == 0 || some.count >= all.count {
		t.Errorf("a preview of %d gave %d of %d rows", size, some.count, all.count)
	}
}

func dropped(t *testing.T, h *Harness) {
	r := h.rig(t, h.PageSizes[0])
	req := r.request(h.Intervals[0])
	req.Stream.Tables = slices.Clone(req.Stream.Tables)
	table := &req.Stream.Tables[0]
	i := table.Column(h.Drop)
	if i < 0 {
		t.Fatalf("table %q has no column %s", table.Name, h.Drop)
	}
	table.Columns = slices.Delete(slices.Clone(table.Columns), i, i+1)
	got := r.read(t.Context(), t, req, nil)
	got.whole(t)
	want := maps.Clone(h.Truth(t, h.Intervals[0]))
	rows := slices.Clone(want[table.Name])
	for i := range rows {
		rows[i] = maps.Clone(rows[i])
		delete(rows[i], h.Drop)
	}
	want[table.Name] = rows
	compare(t, got.rows, want)
}

func stoppedLoop(t *testing.T, h *Harness) {
	r := h.rig(t, h.PageSizes[0])
	for _, err := range r.source.Read(t.Context(), r.request(h.Intervals[0])) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		break
	}
	asked := h.Requests()
	// With one request in flight at most, a body left open would block this one.
	got := r.read(t.Context(), t, r.request(h.Intervals[0]), nil)
	got.whole(t)
	compare(t, got.rows, h.Truth(t, h.Intervals[0]))
	if h.Requests() <= asked {
		t.Error("the second read asked the vendor nothing")
	}
}

func cancelled(t *testing.T, h *Harness) {
	r := h.rig(t, h.PageSizes[0])
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	pages, asked := 0, 0
	var failed error
	for _, err := range r.source.Read(ctx, r.request(h.Intervals[0])) {
		if failed = err; err != nil {
			break
		}
		pages++
		asked = h.Requests()
		cancel(errors.New("told to stop"))
	}
	if fault.ClassOf(failed) != fault.Interrupted {
		t.Errorf("got error %v of class %q, want class %q", failed, fault.ClassOf(failed), fault.Interrupted)
	}
	if pages != 1 || h.Requests() != asked {
		t.Errorf("after cancelling: %d pages and %d requests more", pages-1, h.Requests()-asked)
	}
	early := r.read(ctx, t, r.request(h.Intervals[0]), nil)
	if fault.ClassOf(early.err) != fault.Interrupted {
		t.Errorf("a read of a cancelled context ends with %v", early.err)
	}
}

func cancelledRequest(t *testing.T, h *Harness) {
	r := h.rig(t, h.PageSizes[0])
	arrived := h.Hang(t)
	defer h.Mend(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		select {
		case <-arrived:
			cancel()
		case <-ctx.Done():
		}
	}()
	got := r.read(ctx, t, r.request(h.Intervals[0]), nil)
	if fault.ClassOf(got.err) != fault.Interrupted {
		t.Errorf("got error %v of class %q, want class %q", got.err, fault.ClassOf(got.err), fault.Interrupted)
	}
}

func errorEnds(t *testing.T, h *Harness) {
	r := h.rig(t, h.PageSizes[0])
	h.Break(t)
	defer h.Mend(t)
	got := r.read(t.Context(), t, r.request(h.Intervals[0]), nil)
	if got.err == nil {
		t.Fatal("a refused read has no error")
	}
	if fault.HintOf(got.err) == "" {
		t.Errorf("error without a hint: %v", got.err)
	}
}
