package hasoffers_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
)

func TestValueShapes(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{{Days: 3, RowsPerDay: 2000, APIMade: 0.2}}})
	uuid := `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	clock := `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
	money := `-?\d+\.\d{5}`
	shapes := map[string]string{
		"id": `\d+`, "tune_event_id": uuid, "internal_ad_id": uuid, "ad_id": `|102[0-9a-f]{27}`, "datetime": clock,
		"session_datetime": clock + `|\(null\)`, "payout": money, "revenue": money, "sale_amount": money + `|\(null\)`,
		"status": `approved|pending|rejected`, "status_code": `\d+`, "is_adjustment": `[01]`, "payout_type": `cpa_\w+`,
		"ip": `|\(null\)|198\.1[89]\.\d+\.\d+`, "country_code": `[A-Z]{2}|INT`, "batch_date_utc": `\d{4}-\d\d-\d\d`, "batch_timestamp": clock,
		"currency": `|\(null\)|USD`,
	}
	patterns := map[string]*regexp.Regexp{}
	for field, shape := range shapes {
		patterns[field] = regexp.MustCompile(`^(?:` + shape + `)$`)
	}
	seen := map[string]map[string]bool{}
	events := map[string]bool{}
	for _, row := range v.truth() {
		for field, pattern := range patterns {
			if value := row.text(field); !pattern.MatchString(value) {
				t.Fatalf("row %d: %s is %q, want %s", row.ID, field, value, pattern)
			}
		}
		for _, field := range []string{"status", "is_adjustment", "source", "affiliate_info5"} {
			if seen[field] == nil {
				seen[field] = map[string]bool{}
			}
			seen[field][row.text(field)] = true
		}
		if events[row.EventID] || row.EventID != row.text("tune_event_id") {
			t.Fatalf("row %d: tune_event_id %q is there twice or not %q", row.ID, row.EventID, row.text("tune_event_id"))
		}
		events[row.EventID] = true
	}
	for field, want := range map[string]int{"status": 3, "is_adjustment": 2, "source": 8, "affiliate_info5": 7} {
		if got := len(seen[field]); got < want {
			t.Errorf("%s has %d different values, want at least %d", field, got, want)
		}
	}
	if got := len(v.Fields()); got < 45 {
		t.Errorf("%d fields, want at least 45", got)
	}
}

func TestNullStyles(t *testing.T) {
	network := hasoffers.Network{Days: 1, RowsPerDay: 500, APIMade: 0.3}
	count := func(style hasoffers.NullStyle, field, value string) int {
		network.NullStyle = style
		v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
		n := 0
		for _, row := range v.truth() {
			if row.text(field) == value {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		style        hasoffers.NullStyle
		nulls, empty bool
	}{{hasoffers.NullMix, true, true}, {hasoffers.NullOnly, true, false}, {hasoffers.NullEmpty, false, true}} {
		if got := count(c.style, "source", "(null)") > 0; got != c.nulls {
			t.Errorf("style %s: source is null somewhere: %v", c.style, got)
		}
		if got := count(c.style, "source", "") > 0; got != c.empty {
			t.Errorf(`style %s: source is "" somewhere: %v`, c.style, got)
		}
	}
}

func TestPersonalFields(t *testing.T) {
	personal := []string{"ip", "session_ip", "user_agent", "refer", "pixel_refer"}
	network := hasoffers.Network{FirstDay: "2026-01-01", Days: 10, RowsPerDay: 50, APIMade: -1, Now: "2026-01-11T05:00:00Z"} // midnight there
	whole := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
	all := whole.truth()

	network.BlankPersonal = 4
	for _, row := range newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}}).truth() {
		old := row.text("datetime") < "2026-01-07"
		for _, field := range personal {
			if old && row.text(field) != "" {
				t.Fatalf("row of %s: %s is %q though it is old", row.text("datetime"), field, row.text(field))
			}
		}
		if !old && row.text("ip") == "" {
			t.Fatalf("row of %s has no ip though it is new", row.text("datetime"))
		}
	}

	network.BlankPersonal, network.CutPersonal = 0, 4
	cut := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
	if got := cut.findAll("limit=1", "fields[]=ip").Count; got != 4*50 {
		t.Errorf("%d rows with a personal field, want those of 4 days", got)
	}
	if got := cut.findAll("limit=1").Count; got != 4*50 {
		t.Errorf("%d rows with all fields, want those of 4 days", got)
	}
	if got := cut.findAll("limit=1", "fields[]=payout").Count; got != len(all) {
		t.Errorf("%d rows without personal fields, want all %d", got, len(all))
	}

	network.CutPersonal, network.ObfuscateIP = 0, true
	for i, row := range newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}}).truth() {
		plain := all[i].text("ip")
		if want := plain[:strings.LastIndex(plain, ".")] + ".0"; row.text("ip") != want {
			t.Fatalf("obfuscated ip is %s, want %s", row.text("ip"), want)
		}
	}
}

func TestEventIDSince(t *testing.T) {
	network := small()
	network.EventIDSince = "2026-11-01"
	for _, row := range newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}}).truth() {
		onWire := row.text("tune_event_id")
		if has := row.EventID != ""; has != (onWire != "" && onWire != "(null)") || has != (row.text("datetime") >= "2026-11-01") {
			t.Errorf("row of %s has tune_event_id %q", row.text("datetime"), row.EventID)
		}
	}
}

func TestFilters(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{{Days: 2, RowsPerDay: 400, APIMade: 0.2}}})
	amount := func(row truth, field string) float64 {
		n, err := strconv.ParseFloat(row.text(field), 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	cases := map[string]struct {
		pairs []string
		keep  func(truth) bool
	}{
		"equal":         {[]string{"filters[status]=approved"}, func(r truth) bool { return r.text("status") == "approved" }},
		"any of":        {[]string{"filters[status][]=pending", "filters[status][]=rejected"}, func(r truth) bool { return r.text("status") != "approved" }},
		"two fields":    {[]string{"filters[status]=approved", "filters[payout_type]=cpa_flat"}, func(r truth) bool { return r.text("status") == "approved" && r.text("payout_type") == "cpa_flat" }},
		"not equal":     {[]string{"filters[offer_id][NOT_EQUAL_TO]=7"}, func(r truth) bool { return r.text("offer_id") != "7" }},
		"less":          {[]string{"filters[payout][LESS_THAN]=10.5"}, func(r truth) bool { return amount(r, "payout") < 10.5 }},
		"less or equal": {[]string{"filters[affiliate_id][LESS_THAN_OR_EQUAL_TO]=100"}, func(r truth) bool { return amount(r, "affiliate_id") <= 100 }},
		"greater":       {[]string{"filters[payout][GREATER_THAN]=-1"}, func(r truth) bool { return amount(r, "payout") > -1 }},
		"numbers":       {[]string{"filters[affiliate_id][GREATER_THAN_OR_EQUAL_TO]=99"}, func(r truth) bool { return amount(r, "affiliate_id") >= 99 }},
		"like":          {[]string{"filters[user_agent][LIKE]=%applewebkit%"}, func(r truth) bool { return strings.Contains(r.text("user_agent"), "AppleWebKit") }},
		"like one byte": {[]string{"filters[status][LIKE]=_pprove%"}, func(r truth) bool { return r.text("status") == "approved" }},
		"not like":      {[]string{"filters[status][NOT_LIKE]=a%"}, func(r truth) bool { return r.text("status") != "approved" }},
		"null":          {[]string{"filters[source][NULL]=1"}, func(r truth) bool { return r.text("source") == "(null)" }},
		"not null":      {[]string{"filters[source][NOT_NULL]=1"}, func(r truth) bool { return r.text("source") != "(null)" }},
		"true":          {[]string{"filters[is_adjustment][TRUE]=1"}, func(r truth) bool { return r.text("is_adjustment") == "1" }},
		"false":         {[]string{"filters[is_adjustment][FALSE]=1"}, func(r truth) bool { return r.text("is_adjustment") == "0" }},
		"null is never": {[]string{"filters[source][NOT_EQUAL_TO]=FP"}, func(r truth) bool { return r.text("source") != "(null)" && r.text("source") != "FP" }},
		"or":            {[]string{"filters[OR][status]=pending", "filters[OR][payout][GREATER_THAN]=40"}, func(r truth) bool { return r.text("status") == "pending" || amount(r, "payout") > 40 }},
		"or keeps last": {[]string{"filters[OR][status]=pending", "filters[OR][status]=rejected"}, func(r truth) bool { return r.text("status") == "rejected" }},
		"or with and": {[]string{"filters[status]=approved", "filters[OR][offer_id][]=3", "filters[OR][offer_id][]=4"}, func(r truth) bool {
			return r.text("status") == "approved" && (r.text("offer_id") == "3" || r.text("offer_id") == "4")
		}},
		"one second":     {[]string{"filters[datetime]=2026-01-01 00:00:00"}, func(r truth) bool { return r.text("datetime") == "2026-01-01 00:00:00" }},
		"bare date":      {[]string{"filters[datetime][GREATER_THAN]=2026-01-02"}, func(r truth) bool { return r.text("datetime") > "2026-01-02 00:00:00" }},
		"up to and with": {[]string{"filters[datetime][LESS_THAN_OR_EQUAL_TO]=2026-01-01 12:00:00"}, func(r truth) bool { return r.text("datetime") <= "2026-01-01 12:00:00" }},
		"other datetime": {[]string{"filters[session_datetime][LESS_THAN]=2026-01-01 12:00:00"}, func(r truth) bool {
			return r.text("session_datetime") != "(null)" && r.text("session_datetime") < "2026-01-01 12:00:00"
		}},
		"window and more": {[]string{"filters[datetime][LESS_THAN]=2026-01-02 00:00:00", "filters[status]=pending"}, func(r truth) bool { return r.text("datetime") < "2026-01-02" && r.text("status") == "pending" }},
	}
	all := v.truth()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, row := range all {
				if c.keep(row) {
					want = append(want, strconv.FormatInt(row.ID, 10))
				}
			}
			got := v.findAll(append(c.pairs, "sort[datetime]=asc", "sort[id]=asc", fewFields)...)
			if diff := cmp.Diff(want, got.keys); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.pairs, diff)
			}
			if len(want) == len(all) || len(want) == 0 && name != "one second" {
				t.Errorf("the case keeps %d of %d rows and proves nothing", len(want), len(all))
			}
		})
	}
}

func TestSorts(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{{Days: 2, RowsPerDay: 200}}})
	got := v.findAll("sort[Conversion.status]=desc", "sort[payout]=asc", "sort[datetime]=desc")
	for i := 1; i < len(got.rows); i++ {
		a, b := got.rows[i-1], got.rows[i]
		payoutA, errA := strconv.ParseFloat(*a["payout"], 64)
		payoutB, errB := strconv.ParseFloat(*b["payout"], 64)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if *a["status"] < *b["status"] || *a["status"] == *b["status"] && (payoutA > payoutB || payoutA == payoutB && *a["datetime"] < *b["datetime"]) {
			t.Fatalf("row %d (%s %v %s) comes before (%s %v %s)", i, *a["status"], payoutA, *a["datetime"], *b["status"], payoutB, *b["datetime"])
		}
	}
	down := v.findAll("limit=7", "page=2", "sort[id]=desc")
	if a, b := down.keys[0], down.keys[6]; len(down.keys) != 7 || a < b {
		t.Errorf("descending ids: %q", down.keys)
	}
	if _, err := time.Parse(time.DateTime, *down.rows[0]["datetime"]); err != nil {
		t.Error(err)
	}
}
