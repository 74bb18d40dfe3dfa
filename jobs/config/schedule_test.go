package config_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A firing is a reading of the wall clock: on the days on which the clock changes
// it comes once. Only what fires in every hour goes by elapsed time.
func TestFiringsWhenTheClockChanges(t *testing.T) {
	for _, c := range []struct {
		schedule, from string
		want           []string // of the day, in the zone
	}{
		{"30 2 * * *", "2026-03-28", []string{"28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"}},
		{"30 2 * * *", "2026-10-24", []string{"24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"}},
		{"30 3 * * *", "2026-03-28", []string{"28 03:30 +0100", "29 03:30 +0200", "30 03:30 +0200"}},
		{"0,30 2 29 3 *", "2026-03-28", []string{"29 03:00 +0200"}},
		{"0 1-3 25 10 *", "2026-10-24", []string{"25 01:00 +0200", "25 02:00 +0200", "25 03:00 +0100"}},
		{"@daily", "2026-03-28", []string{"28 00:00 +0100", "29 00:00 +0100", "30 00:00 +0200"}},
		{"30 * 25 10 *", "2026-10-25", []string{"25 00:30 +0200", "25 01:30 +0200", "25 02:30 +0200", "25 02:30 +0100", "25 03:30 +0100"}},
	} {
		job := parse(t, fmt.Sprintf(scheduled, c.schedule)).Job("orders")
		from, err := time.ParseInLocation(time.DateOnly, c.from, job.Zone)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for at := from.Add(-time.Second); len(got) < len(c.want); {
			at = job.Cron.Next(at)
			got = append(got, at.In(job.Zone).Format("02 15:04 -0700"))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s from %s (-want +got):\n%s", c.schedule, c.from, diff)
		}
		// Whoever asks in between is told the same.
		for at := from; at.Before(from.AddDate(0, 0, 2)); at = at.Add(10 * time.Minute) {
			if next := job.Cron.Next(at); !next.After(at) || !job.Cron.Next(next.Add(-time.Second)).Equal(next) {
				t.Errorf("%s: after %s comes %s", c.schedule, at, next)
			}
		}
	}
}

const scheduled = `
[sources.shop]
driver = "shop"
account = "acme"
token = "${SHOP_TOKEN}"
timezone = "Europe/Berlin"
[sinks.warehouse]
driver = "postgres"
dsn = "${WAREHOUSE_DSN}"
[jobs.orders]
source = "shop"
stream = "orders"
sinks = ["warehouse"]
schedule = "%s"
timezone = "Europe/Berlin"
`
