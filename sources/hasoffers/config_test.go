package hasoffers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"exporter/settings"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

const integrator = `network_id = "acme"
timezone = "America/New_York"
integrator_id = "1"
client_id = "c"
client_secret = "s3cret"
`

const network = `api = "network"
network_id = "acme"
timezone = "America/New_York"
network_token = "NETs3cret"
`

func TestConfig(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // keys with problems
	}{
		{"integrator", integrator, nil},
		{"network", network, nil},
		{"nothing", ``, []string{"network_id", "integrator_id", "client_id", "client_secret", "timezone"}},
		{"network without a token", strings.Replace(network, "NETs3cret", "", 1), []string{"network_token"}},
		{"keys of both", network + "client_id = \"c\"\nauth_url = \"https://x\"\n", []string{"auth_url", "client_id"}},
		{"token of the other", integrator + `network_token = "NETx"`, []string{"network_token"}},
		{"no such api", integrator + `api = "v3"`, []string{"api"}},
		{"no such zone", strings.Replace(integrator, "America/New_York", "EST5", 1), []string{"timezone"}},
		{"this machine's zone", strings.Replace(integrator, "America/New_York", "Local", 1), []string{"timezone"}},
		{"network id with a path", strings.Replace(integrator, `"acme"`, `"acme.x/y"`, 1), []string{"network_id"}},
		{"plain http", integrator + `base_url = "http://example.com/Apiv3/json"`, []string{"base_url"}},
		{"plain http, wanted", integrator + "base_url = \"http://example.com/Apiv3/json\"\nallow_insecure = true", nil},
		{"plain http to this machine", integrator + "base_url = \"http://127.0.0.1:8080/Apiv3/json\"\nauth_url = \"http://localhost/authorize\"", nil},
		{"login in the address", integrator + `auth_url = "https://a:b@example.com/"`, []string{"auth_url"}},
		{"no address", integrator + `base_url = "example.com"`, []string{"base_url"}},
		{"too short", integrator + "url_max = 100\ntimeout = \"0s\"", []string{"url_max", "timeout"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConfig()
			if err := toml.Unmarshal([]byte(test.text), c); err != nil {
				t.Fatal(err)
			}
			problems := c.Validate()
			check(t, test.want, problems)
			if strings.Contains(fmt.Sprintf("%v %+v %#v %v", c, c, c, problems), "s3cret") {
				t.Error("a secret is printed")
			}
		})
	}
}

func check(t *testing.T, want []string, got []settings.Problem) {
	t.Helper()
	var keys []string
	for _, p := range got {
		keys = append(keys, p.Key)
		if !strings.Contains(p.Text, "write") && !strings.Contains(p.Text, "take") && !strings.Contains(p.Text, "set") {
			t.Errorf("%s: %q does not say what to do", p.Key, p.Text)
		}
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("problems (-want +got):\n%s%v", diff, got)
	}
}

func TestCredential(t *testing.T) {
	parse := func(text string) *hasoffers.Config {
		c := newConfig()
		if err := toml.Unmarshal([]byte(text), c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	one, other := parse(integrator), parse(strings.Replace(integrator, "acme", "other", 1))
	if one.Credential().Name != other.Credential().Name {
		t.Errorf("networks of one integrator have credentials %q and %q, want one", one.Credential().Name, other.Credential().Name)
	}
	if one.Identity() == other.Identity() {
		t.Errorf("two networks have the identity %q", one.Identity())
	}
	if one.Credential().Limits.Concurrency != 1 || one.Credential().Limits.Windows[0].N != 20 {
		t.Errorf("limits of an integrator: %+v", one.Credential().Limits)
	}
	first, second := parse(network), parse(strings.Replace(network, "acme", "other", 1))
	if first.Credential().Name == second.Credential().Name {
		t.Errorf("two networks share the credential %q", first.Credential().Name)
	}
	if first.Zone().String() != newYork {
		t.Errorf("zone %s", first.Zone())
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", ``, nil},
		{"everything", `fields = ["id", "datetime", "new_field"]
filters = { offer_id = [7, 9], source = "FP", is_adjustment = false, revenue = { GREATER_THAN = 0.5, NOT_EQUAL_TO = "1" } }
page_size = 500
paging = "keyset"
restate = "updates"`, nil},
		{"no fields", `fields = []`, []string{"fields"}},
		{"bad fields", `fields = ["id", "Offer.name", "id", ""]`, []string{"fields[1]", "fields[2]", "fields[3]"}},
		{"own filters", `filters = { id = 1, datetime = "x", OR = { a = 1 }, "a-b" = 1 }`, []string{"filters.OR", "filters.a-b", "filters.datetime", "filters.id"}},
		{"bad filters", `filters = { a = [], b = {}, c = { BETWEEN = 1 }, d = 2026-01-01, e = [[1]] }`, []string{"filters.a", "filters.b", "filters.c", "filters.d", "filters.e"}},
		{"status by page", "filters = { status = \"approved\" }\npaging = \"page\"", []string{"filters.status"}},
		{"bad choices", "paging = \"cursor\"\nrestate = \"all\"\npage_size = -1", []string{"page_size", "paging", "restate"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var o hasoffers.Options
			if err := toml.Unmarshal([]byte(test.text), &o); err != nil {
				t.Fatal(err)
			}
			check(t, test.want, o.Validate())
		})
	}
}

func TestFingerprint(t *testing.T) {
	same := []hasoffers.Options{{}, {PageSize: 5}, {Paging: "page"}, {Restate: "updates"}, {Fields: columns(t, offline(t, hasoffers.Options{}))}}
	for _, o := range same {
		if got, want := o.Fingerprint(), same[0].Fingerprint(); got != want {
			t.Errorf("%+v: got %s, want %s", o, got, want)
		}
	}
	for _, o := range []hasoffers.Options{{Fields: []string{"id"}}, {Filters: map[string]any{"offer_id": int64(1)}}} {
		if o.Fingerprint() == same[0].Fingerprint() {
			t.Errorf("%+v has the fingerprint of no options", o)
		}
	}
}

// offline returns a source that is not asked anything.
func offline(tb testing.TB, o hasoffers.Options) sources.Source {
	tb.Helper()
	c := newConfig()
	c.API, c.NetworkID, c.NetworkToken, c.Timezone = "network", "acme", "NETx", newYork
	return open(tb, c, &o, nil)
}

func TestStreams(t *testing.T) {
	list, err := offline(t, hasoffers.Options{}).Streams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conversions, updates := list[0].Tables[0], list[1].Tables[0]
	var names []string
	for _, c := range conversions.Columns {
		names = append(names, c.Name+" "+c.Type.String())
		if c.Description == "" {
			t.Errorf("column %s has no description", c.Name)
		}
		if slices.Contains([]string{"ip", "session_ip", "user_agent", "refer", "pixel_refer"}, c.Name) {
			t.Errorf("personal column %s is there by default", c.Name)
		}
	}
	want := strings.Split("network_id text,id integer,tune_event_id text,ad_id text,internal_ad_id text,affiliate_id integer,advertiser_id integer,"+
		"offer_id integer,affiliate_manager_id integer,advertiser_manager_id integer,goal_id integer,creative_url_id integer,offer_file_id integer,"+
		"ad_campaign_id integer,ad_campaign_creative_id integer,customer_id integer,browser_id integer,source text,affiliate_info1 text,affiliate_info2 text,"+
		"affiliate_info3 text,affiliate_info4 text,affiliate_info5 text,advertiser_info text,datetime timestamp,datetime_local local_timestamp,"+
		"session_datetime timestamp,session_datetime_local local_timestamp,payout numeric,revenue numeric,sale_amount numeric,payout_type text,"+
		"revenue_type text,currency text,status text,status_code integer,is_adjustment boolean,country_code text", ",")
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"network_id", "id"}, conversions.Key); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"network_id", "id", "change"}, updates.Key); diff != "" || updates.Columns[1].Name != "change" {
		t.Errorf("key of updates (-want +got):\n%s", diff)
	}
	list, err = offline(t, hasoffers.Options{Fields: []string{"tune_event_id", "batch_date_utc", "batch_timestamp"}}).Streams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := list[0].Tables[0]; len(got.Columns) != 4 || got.Key[1] != "tune_event_id" {
		t.Errorf("got %d columns and key %v, want 4 without wall times, and tune_event_id", len(got.Columns), got.Key)
	}
}

func TestDriver(t *testing.T) {
	d := hasoffers.Driver()
	var sample struct {
		Sources map[string]map[string]any
		Jobs    map[string]map[string]any
	}
	if err := toml.Unmarshal([]byte(d.Sample), &sample); err != nil {
		t.Fatalf("sample: %v", err)
	}
	kind, ok := d.Kind("conversion_updates")
	if !ok || !kind.DayGrained || kind.Settle != 15*time.Minute {
		t.Errorf("conversion_updates: %+v", kind)
	}
	if _, err := d.Open(sources.Deps{}, newConfig(), new(hasoffers.Options)); err == nil {
		t.Error("settings without a network open a source")
	}
}
