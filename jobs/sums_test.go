package jobs_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/sandbox"
	sandboxowapro "exporter/sandbox/owapro"
	"exporter/state"
)

const channels = `
[exporter]
timezone = "UTC"
[sources.hurra]
driver = "owapro"
base_url = "URL"
account_url = "URL"
client_id = "client"
client_secret = "secret"
refresh_token = "first"
timezone = "UTC"
limits = ["1000/1s"]
[sinks.warehouse]
driver = "postgres"
dsn = "DSN"
schema = "marketing"
[jobs.conversions]
source = "hurra"
stream = "report"
sinks = ["warehouse"]
schedule = "30 3 * * *"
lookback = "1d"
options = { configid = 1, customers = ["4711"], dimensions = ["date", "customer_trackgroup"], metrics = ["sale_count", "sale_amount"], format = "json" }
`

// TestSumsOfTheVendor: rows that do not add up to the vendor's own sums are read again
// from the start, and in the end nothing is loaded: the old rows stay, and the run says
// of which metric and by how much.
func TestSumsOfTheVendor(t *testing.T) {
	w := newWorld(t, nil)
	vendor, err := sandbox.New(sandbox.Config{Seed: 7, OWAPro: sandboxowapro.Config{
		OAuth:   sandboxowapro.OAuth{Clients: []sandboxowapro.Client{{ID: "client", Secret: "secret", RefreshToken: "first"}}},
		Data:    sandboxowapro.Data{FirstDay: "2026-11-13", Now: noon},
		Answers: sandboxowapro.Answers{Stats: sandboxowapro.StatsFull},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var change atomic.Pointer[func(body string) string]
	var reads atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		do := change.Load()
		if do == nil || !strings.Contains(r.URL.Path, "dw_generate_report") {
			vendor.Handler().ServeHTTP(out, r)
			return
		}
		reads.Add(1)
		r.Header.Del("Accept-Encoding")
		answer := httptest.NewRecorder()
		vendor.Handler().ServeHTTP(answer, r)
		maps.Copy(out.Header(), answer.Header())
		out.Header().Del("Content-Length")
		_, _ = out.Write([]byte((*do)(answer.Body.String())))
	}))
	t.Cleanup(server.Close)
	w.template = func() string { return strings.NewReplacer("URL", server.URL, "DSN", w.dsn).Replace(channels) }
	cfg := w.configure()
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	const rows = `select date::text, customer_trackgroup_id::text, sale_count::text, sale_amount::text, _loaded_at::text from marketing.conversions order by 2`
	before := w.query(rows)
	sum := w.query(`select sum(sale_count)::text, sum(sale_amount)::text, count(*)::text from marketing.conversions`)[0]
	if len(before) < 10 || sum[0] == "0" {
		t.Fatalf("%d rows with sums %v", len(before), sum)
	}
	for name, c := range map[string]struct {
		field, to, want string
	}{
		"a sum of counts":    {`("sale_count":\{[^}]*"sum":)"?[0-9.]+"?`, `${1}"1"`, "sale_count adds up to " + sum[0] + ", the vendor says 1"},
		"a sum of money":     {`("sale_amount":\{[^}]*"sum":)"?[0-9.]+"?`, `${1}"0.5"`, "sale_amount adds up to " + sum[1] + ", the vendor says 0.5"},
		"a number of values": {`("sale_count":\{[^}]*"cnt":)[0-9]+`, `${1}7777`, " values in " + sum[2] + " rows, the vendor says 7777"},
	} {
		t.Run(name, func(t *testing.T) {
			pattern, changed := regexp.MustCompile(c.field), false
			do := func(body string) string {
				other := pattern.ReplaceAllString(body, c.to)
				changed = changed || other != body
				return other
			}
			change.Store(&do)
			reads.Store(0)
			r := w.run(cfg, state.Run{Force: true})
			change.Store(nil)
			if !changed {
				t.Fatal("the answer has no such figure")
			}
			w.want(r, jobs.ExitCheck, 0, 0, 1)
			if !strings.Contains(r.Error, c.want) {
				t.Errorf("error %q, want %q in it", r.Error, c.want)
			}
			if n := reads.Load(); n != 4 {
				t.Errorf("the report was asked for %d times, want 4", n)
			}
			if d := cmp.Diff(before, w.query(rows)); d != "" {
				t.Errorf("old rows (-want +got):\n%s", d)
			}
		})
	}
	w.want(w.run(cfg, state.Run{Force: true}), 0, 1, 0, 0)
}
