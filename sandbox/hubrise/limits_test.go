package hubrise_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/hubrise"
	"exporter/sandbox/wire"
)

func limited(change func(*hubrise.Limits)) hubrise.Config {
	cfg := hubrise.Default()
	cfg.Data = small()
	cfg.Limits.CountRefused = false
	if change != nil {
		change(&cfg.Limits)
	}
	return cfg
}

// ask counts how many of n calls pass.
func (v *vendor) passed(n int, path string) int {
	passed := 0
	for range n {
		switch w := v.get(path, "count", "1"); w.Code {
		case http.StatusOK:
			passed++
		case http.StatusTooManyRequests:
			expect(v.t, path, w, 429, `"error_type":"too_many_requests"`)
		default:
			v.t.Fatalf("%s: %d %.200s", path, w.Code, w.Body)
		}
	}
	return passed
}

// untilNext sleeps to the beginning of the next window, to a moment in it.
func untilNext(window, into time.Duration) {
	now := time.Now()
	time.Sleep(now.Truncate(window).Add(window + into).Sub(now))
}

// High-load calls share ten a minute; the windows begin at the round minute.
func TestHeavyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, limited(nil))
		list := "/v1/customer_lists/" + v.all("/v1/account/customer_lists")[0]["id"].(string)
		menu := "/v1/catalogs/" + menuID(v)
		untilNext(time.Minute, 50*time.Second)
		heavy := v.passed(4, ordersPath) + v.passed(4, list+"/customers") + v.passed(4, menu)
		if heavy != 10 {
			t.Errorf("%d heavy calls in a minute", heavy)
		}
		if light := v.passed(20, "/v1/locations") + v.passed(20, menu+"/products"); light != 40 {
			t.Errorf("%d other calls of 40", light)
		}
		if w := v.get(menu, "hide_data", "true"); w.Code != http.StatusOK {
			t.Errorf("header of a catalog: %d", w.Code)
		}
		time.Sleep(10 * time.Second)
		if again := v.passed(11, "/v1/locations/3r4s3-1/orders"); again != 10 { // ten seconds later, in the next minute
			t.Errorf("%d heavy calls in the next minute", again)
		}
		other := *v
		other.token = "location-token"
		if n := other.passed(11, "/v1/location/orders"); n != 10 {
			t.Errorf("%d heavy calls of another connection", n)
		}
		if got := v.meter.Count(hubrise.HeavyKey("account-token")); got.Requests != 12+11 || got.Refused != 2+1 {
			t.Errorf("counted %+v", got)
		}
		if n := v.meter.MaxInWindow(hubrise.HeavyKey("account-token"), 20*time.Second); n != 23 {
			t.Errorf("%d in a sliding window", n)
		}
	})
}

func TestHeavySets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, limited(func(l *hubrise.Limits) { l.HeavyApart = true }))
		untilNext(time.Minute, 0)
		if n := v.passed(12, ordersPath) + v.passed(12, "/v1/catalogs/"+menuID(v)); n != 20 {
			t.Errorf("apart: %d calls", n)
		}
		v = newVendor(t, limited(func(l *hubrise.Limits) { l.HeavyCalls = []string{"locations"} }))
		if n := v.passed(12, ordersPath) + v.passed(12, "/v1/locations"); n != 22 {
			t.Errorf("another set: %d calls", n)
		}
		v = newVendor(t, limited(func(l *hubrise.Limits) { l.CountRefused, l.Windows, l.Heavy = true, []string{"3/1m fixed"}, nil }))
		if n := v.passed(12, ordersPath); n != 3 {
			t.Errorf("without heavy ones: %d calls", n)
		}
	})
}

// The three windows hold at once, and each begins anew on its own.
func TestFixedWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, limited(nil))
		untilNext(24*time.Hour, 0)
		day := 0
		for hour := range 5 {
			inHour := 0
			for minute := range 7 {
				n := v.passed(501, "/v1/account")
				if want := min(500, 2500-inHour, 10_000-day); n != want {
					t.Fatalf("hour %d, minute %d: %d calls, want %d", hour, minute, n, want)
				}
				inHour += n
				day += n
				time.Sleep(time.Minute)
			}
			untilNext(time.Hour, 0)
		}
		untilNext(24*time.Hour, 0)
		if n := v.passed(501, "/v1/account"); n != 500 || day != 10_000 {
			t.Errorf("%d calls on one day, %d in the first minute of the next", day, n)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for form, want := range map[wire.RetryAfter]func(string) bool{
		wire.RetryAfterOff:     func(s string) bool { return s == "" },
		wire.RetryAfterSeconds: func(s string) bool { n, err := strconv.Atoi(s); return err == nil && n == 23 },
		wire.RetryAfterDate: func(s string) bool {
			at, err := http.ParseTime(s)
			return err == nil && at.Equal(time.Now().Truncate(time.Minute).Add(time.Minute))
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(t, limited(func(l *hubrise.Limits) { l.RetryAfter = form }))
			untilNext(time.Minute, 37*time.Second)
			v.passed(10, ordersPath)
			if got := v.get(ordersPath).Header().Get("Retry-After"); !want(got) {
				t.Errorf("%s: Retry-After %q", form, got)
			}
		})
	}
}

// Rules of faults reach the calls they name, with the vendor's own error where they ask for it.
func TestFaults(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small(), Faults: []faults.Rule{
		{Kind: faults.Envelope, Operation: "orders", Times: 1},
		{Kind: faults.Envelope, Status: 401, Body: "The connection has been blocked", Operation: "orders", Times: 1},
		{Kind: faults.TruncatedJSON, Bytes: 500, Operation: "orders", Times: 1},
		{Kind: faults.HTML, Status: 502, Operation: "orders", Credential: hubrise.HeavyKey("account-token"), Times: 1},
		{Kind: faults.Status, Status: 500, Operation: "orders", Query: "after=2026", Times: 1},
	}})
	expect(t, "first", v.get(ordersPath), 500, `{"error_type":"internal_error"}`)
	expect(t, "second", v.get(ordersPath), 401, `"message":"The connection has been blocked"`)
	if w := v.get(ordersPath); w.Code != 200 || w.Body.Len() != 500 {
		t.Errorf("third: %d, %d bytes", w.Code, w.Body.Len())
	}
	expect(t, "fourth", v.get(ordersPath), 502, `<html>`)
	expect(t, "fifth", v.get(ordersPath), 200, `[{"id":`)
	expect(t, "with a window", v.get(ordersPath, "after", "2026-10-25T00:00:00Z"), 500, ``)
	expect(t, "others", v.get("/v1/account"), 200, `Bella`)
	pages := v.meter.Pages()
	if got := pages[len(pages)-1]; got.Operation != "orders" || got.Rows != 100 || got.First == "" || got.Last == "" || got.Key != ordersPath {
		t.Errorf("page %+v", got)
	}
	if n := v.meter.Operations()["orders"]; n != 6 {
		t.Errorf("%d calls of orders", n)
	}
}
