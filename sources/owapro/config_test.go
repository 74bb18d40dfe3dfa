package owapro_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/settings"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

func TestConfigProblems(t *testing.T) {
	for _, c := range []struct {
		change func(*owapro.Config)
		want   string // keys
	}{
		{func(*owapro.Config) {}, ""},
		{func(c *owapro.Config) { c.BaseURL = "http://owapro.hurra.com" }, "base_url"},
		{func(c *owapro.Config) { c.BaseURL, c.AllowInsecure = "http://owapro.hurra.com", true }, ""},
		{func(c *owapro.Config) { c.BaseURL, c.AccountURL = "http://127.0.0.1:1", "http://localhost:1" }, ""},
		{func(c *owapro.Config) { c.BaseURL, c.AccountURL = "owapro", "https://a@b?c=d" }, "base_url account_url"},
		{func(c *owapro.Config) { c.ClientID, c.ClientSecret = "", "" }, "client_id client_secret"},
		{func(c *owapro.Config) { c.RedirectURI = "http://app.example/back" }, "redirect_uri"},
		{func(c *owapro.Config) { c.HASID = "session" }, "client_id client_secret"},
		{func(c *owapro.Config) { c.HASID, c.ClientID, c.ClientSecret = "session; x", "", "" }, "hasid"},
		{func(c *owapro.Config) { c.Timezone = "Berlin" }, "timezone"},
		{func(c *owapro.Config) { c.CSVRequest = owapro.CSVRequest{In: "cookie", Name: "a b", Value: ""} }, "csv_request.in csv_request.name csv_request.value"},
		{func(c *owapro.Config) { c.Timeout, c.BodyTimeout = settings.Duration{}, settings.Duration{} }, "timeout body_timeout"},
	} {
		config := newConfig()
		config.ClientID, config.ClientSecret = "client", "secret"
		c.change(config)
		if got := keys(config.Validate()); got != c.want {
			t.Errorf("got problems with %q, want %q", got, c.want)
		}
	}
}

func keys(problems []settings.Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Key)
	}
	return strings.Join(all, " ")
}

func TestOptionProblems(t *testing.T) {
	filter := func(field, operator string, value any) func(*owapro.Options) {
		return func(o *owapro.Options) {
			o.Filters = []owapro.Filter{{Field: field, Operator: operator, Value: value}}
		}
	}
	for _, c := range []struct {
		change func(*owapro.Options)
		want   string // keys
	}{
		{func(*owapro.Options) {}, ""},
		{func(o *owapro.Options) { *o = owapro.Options{} }, "configid dimensions metrics"},
		{func(o *owapro.Options) { o.Dimensions = []string{"customer_trackgroup", "month"} }, "dimensions"},
		{func(o *owapro.Options) { o.Dimensions = []string{"date", "date", " ", "customerid"} }, "dimensions[1] dimensions[2] dimensions[3]"},
		{func(o *owapro.Options) { o.Metrics = []string{"date"} }, "metrics[0]"},
		{func(o *owapro.Options) { o.Blocks = map[string]owapro.Block{"a": {}} }, "blocks blocks.a.dimensions blocks.a.metrics"},
		{func(o *owapro.Options) {
			b := owapro.Block{Dimensions: o.Dimensions, Metrics: o.Metrics}
			*o = owapro.Options{ConfigID: 1, Format: "csv", Blocks: map[string]owapro.Block{"rejects": b, "Day": b, "days": b}}
		}, "blocks.Day blocks.rejects format"},
		{func(o *owapro.Options) { o.Currency = "euro" }, "currency"},
		{func(o *owapro.Options) { o.Currency = "-C-" }, ""},
		{func(o *owapro.Options) { o.Customers = []string{} }, "customers"},
		{func(o *owapro.Options) { o.Customers = []string{"1", "x", "1"} }, "customers[1] customers[2]"},
		{func(o *owapro.Options) { o.Format = "xml" }, "format"},
		{func(o *owapro.Options) { o.PageSize = -1 }, "page_size"},
		{func(o *owapro.Options) { o.Decimals = new(int) }, ""},
		{func(o *owapro.Options) { tenth := 10; o.Decimals = &tenth }, "decimals"},
		{func(o *owapro.Options) {
			o.CSV = owapro.CSV{Delimiter: ":", Encoding: "latin", Decimal: ".", Thousands: ".", Summary: "yes"}
		}, "csv.delimiter csv.encoding csv.summary csv.thousands"},
		{filter("customer_trackgroupid", "in", []any{"1", int64(2)}), ""},
		{filter("acc_channel", "exists", nil), ""},
		{filter("acc_channel", "exists", "x"), "filters[0].value"},
		{filter("acc_channel", "eq", []any{"x"}), "filters[0].value"},
		{filter("acc_channel", "in", "x"), "filters[0].value"},
		{filter("acc_channel", "between", []any{"x"}), "filters[0].value"},
		{filter("acc_channel", "eq", map[string]any{}), "filters[0].value"},
		{filter("acc_channel", "like", "x"), "filters[0].operator"},
		{filter("view_logdate", "ge", "7_day_ago"), "filters[0].value"},
		{filter("view_logdate", "in", []any{"2026-01-01", "last_2_month_begin"}), "filters[0].value"},
		{filter("date", "eq", "2026-01-01"), "filters[0].field"},
		{filter("customerid", "eq", "1"), "filters[0].field"},
		{filter("", "eq", "1"), "filters[0].field"},
	} {
		o := channels()
		c.change(o)
		if got := keys(o.Validate()); got != c.want {
			t.Errorf("%+v: got problems with %q, want %q", o, got, c.want)
		}
	}
}

// Only what changes rows is in the fingerprint.
func TestFingerprint(t *testing.T) {
	same := channels()
	same.Format, same.PageSize, same.Customers, same.Currency = "json", 7, []string{"1"}, "EUR"
	if diff := cmp.Diff(channels().Fingerprint(), same.Fingerprint()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other := channels()
	other.Filters = []owapro.Filter{{Field: "tag", Operator: "exists"}}
	if other.Fingerprint() == same.Fingerprint() {
		t.Error("a filter does not show")
	}
	rounded := channels()
	rounded.Decimals = new(int)
	if rounded.Fingerprint() == same.Fingerprint() {
		t.Error("rounding does not show")
	}
}

func TestCredential(t *testing.T) {
	c := newConfig()
	c.ClientID = "app"
	if got := c.Credential(); got.Name != "owapro account.hurra.com app" || got.Limits.Concurrency != 2 || got.Limits.Windows[0].String() != "2/1s" {
		t.Errorf("got %+v", got)
	}
	c.HASID = "secret-session"
	if got := c.Credential().Name; got != "owapro owapro.hurra.com session" {
		t.Errorf("got %q", got)
	}
	if c.Zone() != nil || c.Identity() != "owapro/owapro.hurra.com" {
		t.Errorf("zone %v, identity %s", c.Zone(), c.Identity())
	}
}

// Names that would be the same column are told apart, with those generated beside them.
func TestColumnNames(t *testing.T) {
	checkNames(t, []string{
		"customer_id", "CHAIN:customer_trackgroup:-1:single", "CHAIN:customer_trackgroup:1:single", "CHAIN:click_mediacode:0:single\t",
		"1st", "customer_trackgroup", "customer_trackgroup_id", strings.Repeat("long_", 20), strings.Repeat("long_", 21), "ÄÖÜ", "***",
	})
	memory := new(sourcetest.Memory)
	o := &owapro.Options{ConfigID: 1, Dimensions: []string{"date", "customer_trackgroup", "customer_trackgroup_id", "customer_id"}, Metrics: []string{"sale_count"}}
	definition := `{"probed": true, "blocks": {"": {"ids": {"customer_trackgroup": "customer_trackgroupid"}, "formats": {"sale_count": "integer"}}}}`
	c := newConfig()
	c.ClientID, c.ClientSecret = "app", "secret"
	s := openUnchecked(t, c, o, sources.Deps{Memory: every{memory, definition}})
	seen := map[string]bool{}
	for _, column := range report(t, s).Tables[0].Columns {
		if seen[column.Name] || !sqlName.MatchString(column.Name) {
			t.Errorf("column %q of %q", column.Name, column.Wire())
		}
		seen[column.Name] = true
	}
	if len(seen) != 7 || !seen["customer_id"] {
		t.Errorf("columns %v", seen)
	}
}
