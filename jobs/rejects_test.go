package jobs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/state"
)

// Rows that cannot be typed keep the slice out until the job allows so many of them.
// Then they are in a table of their own, and everything that tells of the run tells of
// them; they hold nothing that the job drops or hashes.
func TestRejectsAreTold(t *testing.T) {
	w := newWorld(t, nil)
	columns := `
[jobs.conversions.options]
fields = ["id", "datetime", "status", "ip", "payout"]
[jobs.conversions.columns]
status = "integer"
ip = "drop"
`
	r := w.run(w.configure(`lookback = "1d"`, columns), state.Run{})
	w.want(r, jobs.ExitCheck, 0, 0, 1)
	if !strings.Contains(r.Error, "50") || !strings.Contains(r.Hint, "max_rejects") {
		t.Errorf("error %q, hint %q", r.Error, r.Hint)
	}
	w.warnings()
	cfg := w.configure(`lookback = "1d"`, columns, "[jobs.conversions.checks]", "max_rejects = 50")
	r = w.run(cfg, state.Run{})
	w.want(r, 0, 1, 0, 0)
	said := w.warnings()
	if len(said) != 1 || !strings.Contains(said[0], "50 rows could not be typed and are in conversions_rejects") || !strings.Contains(said[0], "column status") {
		t.Errorf("warned of %q", said)
	}
	for _, c := range []struct{ question, want string }{
		{"select count(*) from marketing.conversions", "0"},
		{"select concat_ws(' ', rows_announced, rows_read, rows_rejected, rows_written) from exporter.slices", "50 50 50 0"},
		{"select concat_ws(' ', rows, rows_rejected, warnings ->> 0) from exporter.runs where state = 'succeeded'", "0 50 " + strings.Join(said, "|")},
		{`select string_agg(distinct "column", ' ') || ' ' || count(*) from marketing.conversions_rejects where reason like '%is not an integer'`, "status 50"},
		{"select count(*) from marketing.conversions_rejects r join exporter.slices using (_slice) join exporter.runs on runs.id = slices.run where raw ? 'id' and raw ? 'status'", "50"},
		{"select count(*) from marketing.conversions_rejects where coalesce(raw ->> 'ip', '') <> ''", "0"},
	} {
		if d := cmp.Diff([][]string{{c.want}}, w.query(c.question)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.question, d)
		}
	}
}
