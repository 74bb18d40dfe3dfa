package owapro_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/record"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

// A report that changes between two readings starts again, in either format.
func TestResumeSeesDrift(t *testing.T) {
	for _, format := range []string{"csv", "json"} {
		v := newVendor(t, sandbox.Config{})
		o := channels()
		o.Format, o.PageSize = format, 20
		i := day(t, "2026-03-05", 4)
		s := open(t, v.config(), o, sources.Deps{})
		first := read(t, s, customer, i)
		if first.err != nil || len(first.pages) < 3 {
			t.Fatalf("%d pages, error %v", len(first.pages), first.err)
		}
		req := sources.Request{Stream: report(t, s), Part: customer, Interval: i, Zone: time.UTC, After: *first.pages[0].Next}
		if got := readStream(t, open(t, v.config(), o, sources.Deps{}), req); got.err != nil || len(got.rows) != len(first.rows)-20 {
			t.Errorf("%s: got %d rows of %d, error %v", format, len(got.rows), len(first.rows), got.err)
		}
		if err := v.Restate(sandbox.Restatement{Day: "2026-03-05"}); err != nil {
			t.Fatal(err)
		}
		got := readStream(t, open(t, v.config(), o, sources.Deps{}), req)
		wantError(t, got.err, fault.Drift, "page 1 is no longer")
		req.After.Cursor = []byte(`{"limit": 20, "blocks": [{"name": "other"}]}`)
		wantClass(t, readStream(t, s, req).err, fault.Drift)
		req.After.Cursor = []byte(`[]`)
		wantClass(t, readStream(t, s, req).err, fault.Drift)
		req.After = sources.Checkpoint{Cursor: []byte(`null`)} // as a spool without a page has it
		if got := readStream(t, s, req); got.err != nil || len(got.rows) != len(first.rows) {
			t.Errorf("%s: got %d rows of %d, error %v", format, len(got.rows), len(first.rows), got.err)
		}
	}
}

func wantClass(t *testing.T, err error, class fault.Class) {
	t.Helper()
	if fault.ClassOf(err) != class {
		t.Errorf("got error %v of class %q, want class %q", err, fault.ClassOf(err), class)
	}
}

// Rows that do not add up to what the vendor says are not all of them.
func TestSumsAreReconciled(t *testing.T) {
	for _, c := range []struct{ cut, to, err string }{
		{`"sale_count":"5"`, `"sale_count":"4"`, "sale_count adds up to 7, the vendor says 8"},
		{`"cnt":2`, `"cnt":3`, "sale_count has 2 values in 2 rows, the vendor says 3"},
		{`"items":2`, `"items":3`, "page 1 announces 3 rows and holds 2"},
		{`"code":0,`, ``, "it has no status.code"},
		{`"code":0`, `"code":5,"msg":"The report timed out"`, "The report timed out"},
		{`{"status":1`, `{"status":0`, "no reason"},
		{`"currency":"EUR"`, `"currency":"USD"`, "amounts are in USD, not EUR"},
		{`"customerid":"4711"`, `"customerid":"4712"`, "a row is of customer 4712, not 4711"},
		{`]}],"message"`, `]}`, "not a whole JSON answer"},
		{``, ``, ""},
	} {
		const answer = `{"status":1,"data":[{"status":{"code":0,"items":2},"metadata":{"currency":"EUR","metric":{"sale_count":{"format":"integer","sum":"8","cnt":2},"sale_amount":{"format":"currency","sum":""}},"dimension":{"date":{"dw_name_id":"date"},"acc_channel":{"dw_name_id":"acc_channel"},"customer":{"dw_name_id":"customerid","dict":[]}}},
			"data":[{"date":"2026-03-05","acc_channel":"SEO","customerid":"4711","sale_count":"5","sale_amount":"1"},{"date":"2026-03-05","acc_channel":"Ads","customerid":4711,"sale_count":3,"sale_amount":0}]}],"message":{}}`
		v := newVendor(t, sandbox.Config{})
		o := daily()
		o.Format, o.Dimensions = "json", append(o.Dimensions, "customer")
		s := open(t, v.config(), o, sources.Deps{})
		report(t, s)
		v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(strings.Replace(answer, c.cut, c.to, 1)))
		})
		got := read(t, s, customer, day(t, "2026-03-05", 1))
		if c.err == "" {
			if got.err != nil || len(got.rows) != 2 {
				t.Errorf("got %d rows, error %v", len(got.rows), got.err)
			}
			continue
		}
		if got.err == nil || !strings.Contains(got.err.Error()+fault.HintOf(got.err), c.err) {
			t.Errorf("%s: got error %v, want %q", c.to, got.err, c.err)
		}
	}
}

// Several blocks are several tables of one request, each with its own pages.
func TestBlocks(t *testing.T) {
	v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{Noise: sandbox.NoiseOff, Pages: sandbox.PagesFirst}})
	o := &owapro.Options{ConfigID: 1, PageSize: 10, Blocks: map[string]owapro.Block{
		"days":     {Dimensions: []string{"date"}, Metrics: []string{"sale_count"}},
		"channels": {Dimensions: []string{"date", "customer_trackgroup"}, Metrics: []string{"sale_count", "sale_amount"}},
	}}
	s := open(t, v.config(), o, sources.Deps{})
	i := day(t, "2026-03-05", 3)
	names := []string{}
	for _, table := range report(t, s).Tables {
		names = append(names, table.Name)
	}
	if diff := cmp.Diff([]string{"channels", "days"}, names); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	before := v.Requests.Load()
	whole := read(t, s, customer, i)
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	if asked := v.Requests.Load() - before; int(asked) != len(whole.pages) || len(whole.pages) < 4 {
		t.Errorf("%d requests for %d pages", asked, len(whole.pages))
	}
	for at, dims := range [][]string{{"date", "customer_trackgroup"}, {"date"}} {
		sums := sourcetest.Must[map[string]string](t)(v.Sums(sandbox.Query{From: "2026-03-05", To: "2026-03-08", Customers: []int{4711}, Dimensions: dims, Metrics: []string{"sale_count"}}))
		if got := whole.tallies[at].Sums()["sale_count"]; got != sums["sale_count"] {
			t.Errorf("block %d: sale_count adds up to %s, want %s", at, got, sums["sale_count"])
		}
	}
	first := whole.tallies[0].Rows // which is what is announced
	if last := whole.pages[len(whole.pages)-1]; last.Announced != first || first == int64(len(whole.rows)) {
		t.Errorf("announced %d, read %d of the first table, %d of all", last.Announced, first, len(whole.rows))
	}
	for n, page := range whole.pages {
		req := sources.Request{Stream: report(t, s), Part: customer, Interval: i, Zone: time.UTC, After: *page.Next}
		got := readStream(t, open(t, v.config(), o, sources.Deps{}), req)
		if got.err != nil || got.pages[len(got.pages)-1].Announced != first {
			t.Errorf("after page %d: error %v", n, got.err)
		}
		for _, row := range got.rows {
			if !slices.ContainsFunc(whole.rows, func(r map[string]string) bool { return cmp.Equal(r, row) }) {
				t.Errorf("after page %d: row %v is new", n, row)
			}
		}
	}
	cut := sandbox.Config{Answers: sandbox.Answers{Failure: sandbox.FailLastBlock}}
	failing := newVendor(t, cut)
	s = open(t, failing.config(), o, sources.Deps{})
	report(t, s)
	failing.SetFront(func(w http.ResponseWriter, r *http.Request) { failing.Handler().ServeHTTP(w, r) })
	if got := read(t, s, customer, i); got.err != nil {
		t.Error(got.err)
	}
}

// A page larger than a batch is handed on in parts; one that CSV does not determine
// in its midst is gone on with in JSON.
func TestLargePage(t *testing.T) {
	data := small()
	data.Customers = []sandbox.Customer{{ID: 4711, Trackgroups: 3000}}
	v := newVendor(t, sandbox.Config{Data: data, Answers: sandbox.Answers{Noise: sandbox.NoiseOff, Gzip: sandbox.GzipOff}})
	o := channels()
	o.PageSize = 20_000
	i := day(t, "2026-03-05", 4)
	asJSON := *o
	asJSON.Format = "json"
	want := read(t, open(t, v.config(), &asJSON, sources.Deps{}), customer, i)
	s := open(t, v.config(), o, sources.Deps{Memory: new(sourcetest.Memory)})
	for _, labels := range []string{"unknown", "known"} {
		got := read(t, s, customer, i)
		if got.err != nil || want.err != nil || got.hash() != want.hash() || len(got.rows) < 2*5000 || len(got.pages) > 2 {
			t.Errorf("labels %s: %d rows in %d pages, want %d; errors %v, %v", labels, len(got.rows), len(got.pages), len(want.rows), got.err, want.err)
		}
	}
	spoiled := false
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") == "text/csv" {
			spoiled = true
			v.Handler().ServeHTTP(&spoil{ResponseWriter: w}, r)
			return
		}
		v.Handler().ServeHTTP(w, r)
	})
	got := read(t, s, customer, i)
	if got.err != nil || got.hash() != want.hash() || !spoiled || !strings.Contains(got.warnings, "malformed") {
		t.Errorf("spoiled %v: %d rows, want %d, warnings %q, error %v", spoiled, len(got.rows), len(want.rows), got.warnings, got.err)
	}
}

// spoil puts a stray quote behind the first megabyte of a body.
type spoil struct {
	http.ResponseWriter
	written int
}

func (s *spoil) Write(p []byte) (int, error) {
	const at = 600_000
	if s.written < at && s.written+len(p) >= at {
		p = slices.Clone(p)
		p[len(p)/2] = '"'
	}
	s.written += len(p)
	return s.ResponseWriter.Write(p)
}

func (s *spoil) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func TestDirectories(t *testing.T) {
	for _, shape := range []sandbox.ListShape{sandbox.ListRows, sandbox.ListBlocks, sandbox.ListBare} {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{Lists: shape}})
		s := list(t, v.config(), sources.Deps{})
		parts := sourcetest.Must[[]string](t)(s.(sources.Parted).Parts(t.Context(), "report"))
		if diff := cmp.Diff([]string{"4711", "4712"}, parts); diff != "" {
			t.Errorf("%s: parts (-want +got):\n%s", shape, diff)
		}
		got := readStream(t, s, sources.Request{Stream: stream(t, s, "customers")})
		want := []map[string]string{{"customer_id": "4711", "name": "Demo Shop"}, {"customer_id": "4712", "name": "Gartenmöbel Süd"}}
		if diff := cmp.Diff(want, got.rows); diff != "" || got.err != nil {
			t.Errorf("%s: error %v, customers (-want +got):\n%s", shape, got.err, diff)
		}
		got = readStream(t, s, sources.Request{Stream: stream(t, s, "configs")})
		if len(got.rows) != 2 || got.rows[0]["config_id"] != "1" || got.rows[0]["name"] != "Channels" || got.err != nil {
			t.Errorf("%s: error %v, configs %v", shape, got.err, got.rows)
		}
		o := &owapro.TrackgroupOptions{PageSize: 7}
		s = open(t, v.config(), o, sources.Deps{})
		req := sources.Request{Stream: stream(t, s, "trackgroups"), Part: "4711"}
		got = readStream(t, s, req)
		if len(got.rows) != 20 || got.rows[0]["customer_id"] != "4711" || got.rows[0]["customer_trackgroup_id"] == "" || got.rows[0]["name"] == "" || got.err != nil {
			t.Errorf("%s: error %v, %d trackgroups", shape, got.err, len(got.rows))
		}
		for n, page := range got.pages {
			req.After = *page.Next
			rest := readStream(t, open(t, v.config(), o, sources.Deps{}), req)
			if want := max(20-7*(n+1), 0); rest.err != nil || len(rest.rows) != want {
				t.Errorf("%s: after page %d: %d rows, want %d, error %v", shape, n, len(rest.rows), want, rest.err)
			}
		}
	}
}

// What a job says of columns decides how they are read, too.
func TestColumnSettings(t *testing.T) {
	v := newVendor(t, sandbox.Config{CSV: sandbox.CSV{Dialect: sandbox.Dialect{Decimal: ",", Thousands: "."}}})
	o := daily()
	o.Dimensions = append(o.Dimensions, "year")
	s := open(t, v.config(), o, sources.Deps{})
	stream := report(t, s)
	for i := range stream.Tables[0].Columns {
		c := &stream.Tables[0].Columns[i]
		switch c.Name {
		case "year":
			c.Type = record.Integer
		case "sale_amount":
			c.Type = record.Text
		case "acc_channel":
			c.Mask = func(dst, _ []byte) []byte { return append(dst, "masked"...) }
		}
	}
	got := readStream(t, s, sources.Request{Stream: stream, Part: customer, Interval: day(t, "2026-03-05", 1), Zone: time.UTC})
	if got.err != nil || len(got.rows) == 0 {
		t.Fatalf("%d rows, error %v", len(got.rows), got.err)
	}
	for _, row := range got.rows {
		if _, err := strconv.ParseFloat(row["sale_amount"], 64); err != nil || row["year"] != "2026" || row["acc_channel"] != "masked" {
			t.Errorf("row %v", row)
		}
	}
}

// Without JSON there is no probe: columns are text, dates and numbers.
func TestServerWithoutJSON(t *testing.T) {
	v := newVendor(t, sandbox.Config{CSV: sandbox.CSV{Dialect: sandbox.Dialect{Percent: " %", Currency: sandbox.CurrencyAfter, Decimal: ","}}})
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			r.Header.Set("Accept", "text/csv")
		}
		v.Handler().ServeHTTP(w, r)
	})
	o := channels()
	memory := new(sourcetest.Memory)
	for range 2 { // probed, and remembered
		s := open(t, v.config(), o, sources.Deps{Memory: memory})
		got := read(t, s, customer, day(t, "2026-03-05", 3))
		want := map[string]record.Type{
			"customer_id": record.Text, "date": record.Date, "customer_trackgroup": record.Text, "acc_channel": record.Text, "tag": record.Text,
			"view_count_pub": record.Numeric, "click_count_pub": record.Numeric, "ctr": record.Numeric, "cpc": record.Numeric, "sale_count": record.Numeric,
			"sale_amount": record.Numeric, "assist_sale_amount": record.Numeric, "cost_income": record.Numeric,
		}
		if diff := cmp.Diff(want, got.types); diff != "" || got.err != nil || len(got.rejects) > 0 || len(got.rows) == 0 {
			t.Errorf("%d rows, rejects %v, error %v, types (-want +got):\n%s", len(got.rows), got.rejects, got.err, diff)
		}
	}
}

// Slices of one source are read at the same time.
func TestSlicesAtOnce(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := channels()
	o.PageSize = 20
	s := open(t, v.config(), o, sources.Deps{Memory: new(sourcetest.Memory), Tokens: new(sourcetest.Tokens)})
	stream := report(t, s)
	var wait sync.WaitGroup
	for n := range 8 {
		part := []string{"4711", "4712"}[n%2]
		i := day(t, "2026-03-0"+strconv.Itoa(1+n), 2)
		wait.Go(func() {
			got := readStream(t, s, sources.Request{Stream: stream, Part: part, Interval: i, Zone: time.UTC})
			if got.err != nil || len(got.rows) == 0 {
				t.Errorf("%s: %d rows, error %v", part, len(got.rows), got.err)
			}
		})
	}
	wait.Wait()
}

// What the amounts of a customer are in is what the vendor says now: not what it
// said in another run, nor of a report that asked for euros.
func TestCurrencyOfACustomer(t *testing.T) {
	v := newVendor(t, sandbox.Config{Data: sandbox.Data{Customers: []sandbox.Customer{{ID: 4712, Currency: "USD"}}}})
	i := day(t, "2026-03-05", 1)
	memory := new(sourcetest.Memory)
	o := daily()
	o.Customers = []string{"4712"}
	if got := read(t, open(t, v.config(), o, sources.Deps{Memory: memory}), "4712", i); got.err != nil {
		t.Fatal(got.err)
	}
	own := *o
	own.Currency = "-C-"
	for _, want := range []string{"USD", "GBP"} {
		cfg := v.Config()
		cfg.Data.Customers[0].Currency = want
		if err := v.Configure(cfg); err != nil {
			t.Fatal(err)
		}
		got := read(t, open(t, v.config(), &own, sources.Deps{Memory: memory}), "4712", i)
		if got.err != nil || len(got.rows) == 0 || got.rows[0]["currency"] != want {
			t.Errorf("want rows in %s, got %v, error %v", want, got.rows, got.err)
		}
	}
}
