package owapro_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
)

// fixed answers every report with what page returns for a page number, as CSV where
// body does not begin with a brace, and everything else as the vendor does.
func fixed(v *vendor, page func(n int) string) {
	n := 0
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Accept") == "application/json" || r.URL.Path != "/api/report/dw_generate_report" {
			v.Handler().ServeHTTP(w, r)
			return
		}
		n++
		body := page(n)
		if n := strings.Index(body, "{"); n == 0 {
			w.Header().Set("Content-Type", "application/json")
		} else {
			w.Header().Set("Content-Type", "text/csv")
		}
		_, _ = w.Write([]byte(body))
	})
}

// daily are options of two columns.
func daily() *owapro.Options {
	return &owapro.Options{ConfigID: 1, Dimensions: []string{"date", "acc_channel"}, Metrics: []string{"sale_count", "sale_amount"}}
}

// What a CSV cannot tell is looked up, and what nobody can tell is an error or a reject.
func TestOddCSV(t *testing.T) {
	const head = "date;acc_channel;sale_count;sale_amount\r\n"
	truth := "the vendor's rows"
	for _, c := range []struct {
		name, body string
		options    func(*owapro.Options)
		rows       string // column values, or truth: read as JSON
		rejects    string
		warning    string
		err        string
		class      fault.Class
	}{
		{name: "one row", body: head + "2026-03-05;SEO;5;12,5\r\n", rows: "2026-03-05 SEO 5 12.5"},
		{name: "no row", body: head},
		{name: "no byte", body: ""},
		{name: "no value is no number", body: head + "2026-03-05;SEO;n/a;12,5\r\n2026-03-05;Ads;1;\r\n", rows: "2026-03-05 Ads 1 ", rejects: `sale_count: "n/a" is not an integer`},
		{name: "an integer with a fraction", body: head + "2026-03-05;SEO;1,5;12,5\r\n", rejects: `sale_count: "1.5" is not an integer`},
		{name: "one mark alone", body: head + "2026-03-05;SEO;5;1.234\r\n", rows: truth, warning: "nothing tells the decimal mark of 1.234 in sale_amount"},
		{name: "one mark explained later", body: head + "2026-03-05;SEO;5;1.234\r\n2026-03-05;Ads;5;1,5\r\n", rows: "2026-03-05 SEO 5 1234;2026-03-05 Ads 5 1.5"},
		{name: "one mark pinned", body: head + "2026-03-05;SEO;5;1.234\r\n", options: func(o *owapro.Options) { o.CSV.Decimal = "." }, rows: "2026-03-05 SEO 5 1.234"},
		{name: "marks that disagree", body: head + "2026-03-05;SEO;5;1,5\r\n2026-03-05;Ads;5;2.5\r\n", rows: "2026-03-05 SEO 5 1.5", rejects: `sale_amount: "2.5 (the decimal mark is \",\")" is not a decimal number`},
		{name: "a header nobody knows", body: "Tag;Kanal;Anzahl;Wert\r\n2026-03-05;SEO;5;1\r\n", rows: truth, warning: "the header of the CSV lacks date, acc_channel, sale_count, sale_amount"},
		{name: "another order and spelling", body: "Sale Amount;ACC_CHANNEL;Date;sale-count;more\r\n1;SEO;05.03.2026;5;x\r\n", rows: "2026-03-05 SEO 5 1"},
		{name: "a short line", body: head + "2026-03-05;SEO;5\r\n", rows: truth, warning: "line 2 of the CSV has 3 fields, its header has 4"},
		{name: "broken off in a number", body: head + "2026-03-05;SEO;5;12,5\r\n2026-03-05;Ads;7;12", rows: truth, warning: "the CSV breaks off in its last line"},
		{name: "a stray quote", body: head + "2026-03-05;S\"EO;5;1\r\n", rows: truth, warning: "the CSV is malformed"},
		{name: "a line end in a cell", body: head + "2026-03-05;\"S\nEO\";5;1\r\n", rows: "2026-03-05 S\nEO 5 1"},
		{name: "a row of sums", body: head + "2026-03-05;SEO;5;1\r\nTotal;;5;1\r\n", rows: "2026-03-05 SEO 5 1"},
		{name: "no row of sums", body: head + "2026-03-05;SEO;5;1\r\n;;5;1\r\n", options: func(o *owapro.Options) { o.CSV.Summary = "none" }, rows: "2026-03-05 SEO 5 1", rejects: "date: required, but empty"},
		{name: "another day", body: head + "2026-03-05;SEO;5;1\r\n2026-03-06;SEO;5;1\r\n", rows: "2026-03-05 SEO 5 1", warning: "rows of other days than 2026-03-05 to 2026-03-05"},
		{name: "bytes that are no text", body: head + "2026-03-05;Süd\r\n2026-03-05;S\xfc\xfc;5;1\r\n", rows: truth, warning: "2 fields"},
		{name: "pinned bytes that are no text", body: head + "2026-03-05;S\xfcd;5;1\r\n", options: func(o *owapro.Options) { o.CSV.Encoding = "utf-8" }, rows: "2026-03-05 S\ufffdd 5 1", warning: "is no text in the CSV's encoding"},
		{name: "utf-16", body: "\xff\xfed\x00a\x00", err: "UTF-16", class: fault.Data},
		{name: "an error in json", body: `{"status": 0, "data": [], "message": {"error": {"1": "No permission for this report"}}}`, err: "No permission for this report", class: fault.Auth},
		{name: "a block that failed", body: `{"status": 1, "data": [{"data_blockid": "1", "status": {"code": 7, "msg": "Internal database error"}, "data": []}], "message": {}}`, err: "Internal database error", class: fault.Permanent},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			o := daily()
			if c.options != nil {
				c.options(o)
			}
			s := open(t, v.config(), o, sources.Deps{})
			i := day(t, "2026-03-05", 1)
			asJSON := *o
			asJSON.Format = "json"
			want := read(t, open(t, v.config(), &asJSON, sources.Deps{}), customer, i)
			report(t, s)
			fixed(v, func(n int) string {
				if n > 1 {
					return head
				}
				return c.body
			})
			got := read(t, s, customer, i)
			if c.err != "" {
				if got.err == nil || !strings.Contains(got.err.Error(), c.err) || fault.ClassOf(got.err) != c.class || fault.HintOf(got.err) == "" {
					t.Errorf("got error %v of class %s, want %q of class %s", got.err, fault.ClassOf(got.err), c.err, c.class)
				}
				return
			}
			if got.err != nil {
				t.Fatal(got.err)
			}
			if c.rows == truth {
				if got.hash() != want.hash() {
					t.Errorf("got %d rows, want %d of the vendor", len(got.rows), len(want.rows))
				}
			} else if rows := text(got.rows); rows != c.rows {
				t.Errorf("got rows %q, want %q", rows, c.rows)
			}
			if rejects := strings.Join(got.rejects, ";"); rejects != c.rejects {
				t.Errorf("got rejects %q, want %q", rejects, c.rejects)
			}
			if !strings.Contains(got.warnings, c.warning) || (got.warnings == "") != (c.warning == "") {
				t.Errorf("got warnings %q, want %q", got.warnings, c.warning)
			}
		})
	}
}

func text(rows []map[string]string) string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s %s %s %s", r["date"], r["acc_channel"], r["sale_count"], r["sale_amount"]))
	}
	return strings.Join(out, ";")
}

func TestPagesThatAreNotWhatTheyShouldBe(t *testing.T) {
	for _, c := range []struct {
		name   string
		vendor sandbox.Config
		format string
		size   int
		err    string
		class  fault.Class
	}{
		{name: "page numbers are ignored in CSV", vendor: sandbox.Config{Answers: sandbox.Answers{IgnorePageNumber: true}}, size: 5, err: "page 2 is page 1 again", class: fault.Data},
		{name: "page numbers are ignored in JSON", vendor: sandbox.Config{Answers: sandbox.Answers{IgnorePageNumber: true}}, format: "json", size: 5, err: "page 2 is page 1 again", class: fault.Data},
		{name: "page_limit is capped in CSV", vendor: sandbox.Config{Answers: sandbox.Answers{MaxPageLimit: 50}}, size: 1000},
		{name: "page_limit is capped in JSON", vendor: sandbox.Config{Answers: sandbox.Answers{MaxPageLimit: 7}}, format: "json", size: 1000},
		{name: "page_limit is capped and nobody says how many pages", vendor: sandbox.Config{Answers: sandbox.Answers{MaxPageLimit: 50, Pages: sandbox.PagesNever}}, format: "json", size: 1000},
		{name: "an unknown metric", vendor: sandbox.Config{}, err: "Unknown metric", class: fault.Config},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVendor(t, c.vendor)
			o := channels()
			o.Format, o.PageSize = c.format, c.size
			if c.size == 0 {
				o.Metrics = append(o.Metrics, "no_such_metric")
				_, err := open(t, v.config(), o, sources.Deps{}).Streams(t.Context())
				wantError(t, err, c.class, c.err)
				return
			}
			i := day(t, "2026-03-05", 7)
			got := read(t, open(t, v.config(), o, sources.Deps{}), customer, i)
			if c.err != "" {
				wantError(t, got.err, c.class, c.err)
				return
			}
			whole := channels()
			want := read(t, open(t, newVendor(t, sandbox.Config{}).config(), whole, sources.Deps{}), customer, i)
			if got.err != nil || len(got.rows) != len(want.rows) {
				t.Errorf("got %d rows, want %d; error %v", len(got.rows), len(want.rows), got.err)
			}
		})
	}
}

func wantError(t *testing.T, err error, class fault.Class, texts ...string) {
	t.Helper()
	if err == nil || fault.ClassOf(err) != class || fault.HintOf(err) == "" {
		t.Errorf("got error %v of class %q with hint %q, want class %q and a hint", err, fault.ClassOf(err), fault.HintOf(err), class)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error()+" | "+fault.HintOf(err), text) {
			t.Errorf("got error %v, hint %s; want %q in it", err, fault.HintOf(err), text)
		}
	}
}

// The statuses of the vendor's error table.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		class  fault.Class
		texts  []string
		times  int // a call is sent
	}{
		{400, fault.Permanent, []string{"400", "customer 4711", "vendor says: no good"}, 1},
		{403, fault.Auth, []string{"403", "customer 4711", "may not see this"}, 1},
		{404, fault.Config, []string{"404", "configid"}, 1},
		{405, fault.Permanent, []string{"405"}, 1},
		{410, fault.Permanent, []string{"410", "removed"}, 1},
		{418, fault.Permanent, []string{"418"}, 1},
	} {
		v := newVendor(t, sandbox.Config{})
		s := open(t, v.config(), daily(), sources.Deps{})
		report(t, s)
		if err := v.faults.Add(faults.Rule{Kind: faults.Status, Status: c.status, Body: `{"error": "no good"}`}); err != nil {
			t.Fatal(err)
		}
		before := v.Requests.Load()
		got := read(t, s, customer, day(t, "2026-03-05", 1))
		wantError(t, got.err, c.class, c.texts...)
		if asked := v.Requests.Load() - before; int(asked) != c.times {
			t.Errorf("%d: %d calls, want %d", c.status, asked, c.times)
		}
	}
}

// A customer that may not be seen fails by itself; the others are read.
func TestForbiddenCustomer(t *testing.T) {
	v := newVendor(t, sandbox.Config{Data: sandbox.Data{Customers: []sandbox.Customer{{ID: 4700, Forbidden: true}, {ID: 4711}}}})
	o := daily()
	o.Customers = []string{"4700", "4711"}
	s := open(t, v.config(), o, sources.Deps{})
	i := day(t, "2026-03-05", 1)
	wantError(t, read(t, s, "4700", i).err, fault.Auth, "customer 4700", "403")
	if got := read(t, s, "4711", i); got.err != nil || len(got.rows) == 0 {
		t.Errorf("got %d rows, error %v", len(got.rows), got.err)
	}
}

func TestUnknownReport(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := daily()
	o.ConfigID = 99
	_, err := open(t, v.config(), o, sources.Deps{}).Streams(t.Context())
	wantError(t, err, fault.Config, "no report type 99 for customer 4711", "configs")
}

// A server that knows nothing but CSV and gives up in the middle of it is asked again.
func TestBrokenOffWithoutJSON(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := open(t, v.config(), daily(), sources.Deps{})
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/report/dw_generate_report" {
			v.Handler().ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		_, _ = w.Write([]byte("date;acc_channel;sale_count;sale_amount\r\n2026-03-05;SEO;5;12"))
	})
	wantError(t, read(t, s, customer, day(t, "2026-03-05", 1)).err, fault.Transient, "breaks off in its last line", "customer 4711")
}

// An app that is switched off is no matter of rights on a customer.
func TestInactiveApp(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := open(t, v.config(), daily(), sources.Deps{})
	report(t, s)
	cfg := v.Config()
	cfg.OAuth.Clients[0].Inactive = true
	if err := v.Configure(cfg); err != nil {
		t.Fatal(err)
	}
	wantError(t, read(t, s, customer, day(t, "2026-03-05", 1)).err, fault.Auth, "APP INACTIVE", "refuses the app itself")
}

// TestRowLikeSums: a row that looks like sums waits for what follows it. If that is
// another row, it is one too, with the cells it had.
func TestRowLikeSums(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := daily()
	o.Dimensions = []string{"acc_channel", "date"}
	s := open(t, v.config(), o, sources.Deps{})
	report(t, s)
	const head = "acc_channel;date;sale_count;sale_amount\r\n"
	fixed(v, func(n int) string {
		if n > 1 {
			return head
		}
		return head + "\"To\"\"tal\";;\"5\";1,5 €\r\n\"S\"\"EO\";2026-03-05;6;2,5 €\r\n\"To\"\"tal\";;11;4 €\r\n"
	})
	got := read(t, s, customer, day(t, "2026-03-05", 1))
	if rows := text(got.rows); got.err != nil || rows != `2026-03-05 S"EO 6 2.5` {
		t.Errorf("rows %q, error %v", rows, got.err)
	}
	if want := `{"acc_channel":"To\"tal","sale_count":"5","sale_amount":"1.5"}`; len(got.raw) != 1 || got.raw[0] != want {
		t.Errorf("rejects %q, want %s", got.raw, want)
	}
}
