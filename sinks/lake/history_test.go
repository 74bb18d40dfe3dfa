package lake_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/sinks"
)

// TestRuns: the end of a run is recorded once, where something was loaded.
func TestRuns(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace()
			run := func(id string, hour int, state string) sinks.Run {
				return sinks.Run{
					ID: id, Job: "facts", Trigger: "cli", State: state, Started: day.Add(time.Duration(hour) * time.Hour), Finished: day.Add(24 * time.Hour),
					Committed: 1, Rows: 1 << 40, Error: `it's <"broken">`,
				}
			}
			record := func(runs ...sinks.Run) []string {
				t.Helper()
				if err := p.open().(sinks.RunRecorder).RecordRuns(t.Context(), runs); err != nil {
					t.Fatal(err)
				}
				names, err := p.names()
				if err != nil {
					t.Fatal(err)
				}
				var list []string
				for _, n := range names {
					if strings.HasPrefix(n, "_runs/") {
						list = append(list, n)
					}
				}
				return list
			}
			if got := record(run("a", 1, "failed")); len(got) > 0 {
				t.Errorf("where nothing is loaded there is %v", got)
			}
			bring(t, p.open(), batch(0, 2, "x"))
			record(run("b", 2, "succeeded"))
			got := record(run("c", 3, "failed"), run("b", 2, "changed"), run("a/..", 1, "failed"))
			want := []string{"_runs/facts/20260301T010000.000000Z-a~2f...json", "_runs/facts/20260301T020000.000000Z-b.json", "_runs/facts/20260301T030000.000000Z-c.json"}
			sameNames(t, "in the end", want, got)
			text, err := p.get(want[1], 0)
			var is sinks.Run
			if err != nil || json.Unmarshal(text, &is) != nil || strings.Count(string(text), "\n") != 1 {
				t.Fatalf("%q, %v", text, err)
			}
			if d := cmp.Diff(run("b", 2, "succeeded"), is); d != "" {
				t.Errorf("the run (-want +got):\n%s", d)
			}
			late := run("d", 9000, "succeeded")
			late.Finished = day.Add(2*time.Hour + sinks.RunsKept)
			want = append(want[1:], "_runs/facts/20270311T000000.000000Z-d.json")
			sameNames(t, "after a run of the next year", want, record(run("c", 3, "failed"), run("a/..", 1, "failed"), late))
		})
	}
}

// TestRestatements: rows that came for others are told of with both sums; the first
// load of a slice and the same rows are not.
func TestRestatements(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace()
			for _, b := range []int{2, 2, 3} {
				bring(t, p.open(), batch(0, b, "x"))
			}
			names, err := p.names()
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, n := range names {
				if strings.HasPrefix(n, "_restatements/facts/") {
					told = append(told, n)
				}
			}
			if len(told) != 1 {
				t.Fatalf("there is %v", names)
			}
			text, err := p.get(told[0], 0)
			if err != nil {
				t.Fatal(err)
			}
			var is map[string]any
			if err := json.Unmarshal(text, &is); err != nil {
				t.Fatal(err)
			}
			for _, of := range []string{"hash_before", "hash_after", "restated_at"} {
				if is[of] == nil {
					t.Errorf("%s is missing", of)
				}
				delete(is, of)
			}
			want := map[string]any{
				"job": "facts", "part": "north", "interval_start": "2026-03-01T00:00:00Z", "interval_end": "2026-03-02T00:00:00Z", "table_name": "facts", "run": "run-1",
				"rows_before": 2.0, "rows_after": 3.0, "was_provisional": false, "redefined": false,
				"sums_before": map[string]any{"id": "1", "amount": "1.50"}, "sums_after": map[string]any{"id": "3", "amount": "3.75"}, "sums_difference": map[string]any{"id": "2", "amount": "2.25"},
			}
			if d := cmp.Diff(want, is); d != "" {
				t.Errorf("the restatement (-want +got):\n%s", d)
			}
			if list, err := p.open().Committed(t.Context(), "facts", day, day.AddDate(0, 0, 1)); err != nil || len(list) != 1 {
				t.Errorf("the ledger has %v, %v", list, err)
			}
		})
	}
}
