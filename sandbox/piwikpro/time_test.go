package piwikpro_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/piwikpro"
)

// many is enough sessions for every hour of a day to have some.
func many() piwikpro.Data {
	data := small()
	data.Sites = []piwikpro.Site{{Timezone: "Europe/Berlin", Sessions: 2000}, {Timezone: "Asia/Kolkata", Sessions: 2000}}
	data.Days = 300
	data.Now = "2027-01-20T12:00:00Z"
	return data
}

// A day is that of the site: 23 hours in spring, 25 in autumn.
func TestDays(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: many()})
	for _, c := range []struct {
		site   int
		day    string
		hour   int // of the clock
		weight int // how often it comes
	}{
		{0, "2026-03-29", 2, 0}, {0, "2026-10-25", 2, 2}, {0, "2026-04-01", 2, 1}, {1, "2026-03-29", 2, 1},
	} {
		a := v.rows("query", ask("timestamp/to_hour_of_day sessions", `"website_id":"`+piwikpro.SiteID(c.site)+`","date_from":"`+c.day+`","date_to":"`+c.day+`"`))
		hours, total := map[int64]int64{}, int64(0)
		for _, row := range a.Data {
			hours[whole(row[0])] = whole(row[1])
			total += whole(row[1])
		}
		usual := float64(total-hours[int64(c.hour)]) / 23
		if got := float64(hours[int64(c.hour)]) / usual; got < float64(c.weight)*0.7 || got > float64(c.weight)*1.3 || total != 2000 {
			t.Errorf("site %d, %s: hour %d has %.2f times the sessions of another, want %d; %d in all", c.site, c.day, c.hour, got, c.weight, total)
		}
	}
}

// Dates have both ends, times leave out the last one.
func TestBounds(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: many()})
	count := func(from, to string) int {
		return v.rows("sessions", ask("", `"date_from":"`+from+`","date_to":"`+to+`","limit":1`)).Meta.Count
	}
	day := count("2026-04-01", "2026-04-01")
	if two := count("2026-04-01", "2026-04-02"); day != 2000 || two != 4000 {
		t.Errorf("a day has %d, two have %d, want 2000 and 4000", day, two)
	}
	if got := count("2026-04-01 00:00:00", "2026-04-02 00:00:00"); got != day {
		t.Errorf("by times %d, want %d", got, day)
	}
	parts := count("2026-04-01 00:00:00", "2026-04-01 13:30:00") + count("2026-04-01 13:30:00", "2026-04-01 23:59:59")
	if rest := count("2026-04-01 23:59:59", "2026-04-02 00:00:00"); parts+rest != day {
		t.Errorf("parts have %d and %d, want %d", parts, rest, day)
	}
	if got := count("2026-03-24", "2026-03-24"); got != 0 {
		t.Errorf("before the first day: %d", got)
	}
}

func TestRelativeDates(t *testing.T) {
	data := small()
	data.FirstDay, data.Days, data.Now = "2025-01-01", 0, "2026-04-10T20:00:00Z" // the 11th in Kolkata, a Saturday
	data.Sites = []piwikpro.Site{{}, {}, {Timezone: "Asia/Kolkata", Sessions: 300}}
	v := newVendor(t, piwikpro.Config{Data: data})
	for relative, want := range map[string][2]string{
		"yesterday": {"2026-04-10", "2026-04-10"}, "last_week": {"2026-03-30", "2026-04-05"}, "last_month": {"2026-03-01", "2026-03-31"},
		"last_year": {"2025-01-01", "2025-12-31"}, "last_3_days": {"2026-04-08", "2026-04-10"}, "today": {"2026-04-11", "2026-04-11"},
	} {
		site := `"website_id":"` + piwikpro.SiteID(2) + `"`
		got := v.rows("query", ask("timestamp/to_date sessions", site, `"date_from":"-","date_to":"-","order_by":[[0,"asc"]],"relative_date":"`+relative+`"`))
		if len(got.Data) == 0 || got.Data[0][0] != want[0] || got.Data[len(got.Data)-1][0] != want[1] {
			t.Errorf("%s: %v, want %v", relative, got.Data, want)
		}
	}
}

// What is older than the retention is gone without a word, what is too young has not come yet.
func TestRetentionAndDelay(t *testing.T) {
	data := small()
	data.Days, data.Now, data.RetentionMonths, data.DelayMinutes = 0, "2026-05-10T12:00:00Z", 1, 120
	v := newVendor(t, piwikpro.Config{Data: data})
	for day, want := range map[string]int{"2026-03-31": 0, "2026-04-01": 60, "2026-05-11": 0} {
		if got := v.rows("sessions", ask("", `"date_from":"`+day+`","date_to":"`+day+`"`)).Meta.Count; got != want {
			t.Errorf("%s: %d, want %d", day, got, want)
		}
	}
	today := v.rows("sessions", ask("", `"date_from":"2026-05-10","date_to":"2026-05-10"`))
	for _, row := range today.Data {
		at, err := time.Parse("2006-01-02T15:04:05", row[2].(string))
		if err != nil || at.Hour() >= 10 && at.Sub(at.Truncate(time.Hour)) > 0 {
			t.Errorf("a session of %s is there at noon: %v", row[2], err)
		}
	}
	if n := len(today.Data); n < 10 || n > 40 {
		t.Errorf("%s sessions of 60 are there at noon", strconv.Itoa(n))
	}
}

// Today grows while the clock goes on; what is over stays as it is.
func TestToday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight of 2000-01-01
		v := newVendor(t, piwikpro.Config{Auth: piwikpro.Auth{ExpiresIn: 1 << 20}, Data: piwikpro.Data{FirstDay: "1999-12-30"}})
		sessions := func(day string) (n [2]int64) {
			dates := `"date_from":"` + day + `","date_to":"` + day + `"`
			n[0] = int64(v.rows("sessions", ask("", dates)).Meta.Count)
			n[1] = whole(v.rows("query", ask("sessions", dates)).Data[0][0])
			return n
		}
		for hours := range 4 {
			if got := sessions("1999-12-31"); got != [2]int64{60, 60} {
				t.Errorf("yesterday has %v after %d times 8 hours, want 60", got, hours)
			}
			got := sessions("2000-01-01")
			if want := int64(20 * hours); got[0] != got[1] || got[0] < want-12 || got[0] > want+12 {
				t.Errorf("today has %v after %d times 8 hours, want about %d", got, hours, want)
			}
			time.Sleep(8 * time.Hour)
		}
	})
}
