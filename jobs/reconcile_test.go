package jobs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/state"
)

// TestAnnouncedIsRead: a vendor that announces an order more than it sends is asked
// again from the start, and in the end nothing is loaded: the old rows stay, and the
// message says by how much.
func TestAnnouncedIsRead(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "1d"`)
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	const rows = `select account, id::text, _loaded_at::text from marketing.hub_orders order by id`
	before := w.query(rows)
	vendor.read()
	vendor.announced = 1
	r := w.run(cfg, state.Run{Force: true})
	w.want(r, jobs.ExitCheck, 0, 0, 1)
	if !strings.Contains(r.Error, "the vendor announced 3 rows, 2 were read") || r.Hint == "" {
		t.Errorf("error %q, hint %q", r.Error, r.Hint)
	}
	if n := len(vendor.read()); n != 4 {
		t.Errorf("the slice was read %d times, want 4", n)
	}
	if d := cmp.Diff(before, w.query(rows)); d != "" {
		t.Errorf("old rows (-want +got):\n%s", d)
	}
	vendor.announced = 0
	w.want(w.run(cfg, state.Run{Force: true}), 0, 1, 0, 0)
}
