package piwikpro_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

func check(t *testing.T, v *vendor, c *piwikpro.Config) error {
	t.Helper()
	return overWire(t, v, c, sessions(0)).(sources.Checker).Check(t.Context())
}

func TestLogin(t *testing.T) {
	for _, shape := range []sandbox.Shape{
		sandbox.ShapeService, sandbox.ShapeErrors, sandbox.ShapeMessage, sandbox.ShapeCode, sandbox.ShapeError, sandbox.ShapeHTML, sandbox.ShapeEmpty,
	} {
		t.Run("a token that dies early is renewed, "+string(shape), func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Auth: sandbox.Auth{RevokeAfter: 3, Unauthorized: shape}})
			ofDay(t, v, sessions(10)).whole(t, clean(t, sessions(0)))
			if v.Issued() < 3 {
				t.Errorf("%d tokens were given out", v.Issued())
			}
		})
	}
	t.Run("a token that is never good", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/auth/token" {
				v.Handler().ServeHTTP(w, r)
				return
			}
			http.Error(w, `{"message":"Unauthorized"}`, http.StatusUnauthorized)
		})
		err := check(t, v, v.config())
		if fault.ClassOf(err) != fault.Auth || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "Unauthorized") || v.Issued() != 2 {
			t.Errorf("got %v with hint %q after %d tokens, want class %q after 2", err, fault.HintOf(err), v.Issued(), fault.Auth)
		}
	})
	for name, auth := range map[string]sandbox.Auth{
		"wrong secret, 401": {WrongSecret: sandbox.BadSecret401}, "wrong secret, 400": {WrongSecret: sandbox.BadSecret400}, "no licence": {NoLicense: true},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Auth: auth})
			c := v.config()
			if !auth.NoLicense {
				c.ClientSecret = "an0ther-secret"
			}
			err := check(t, v, c)
			if fault.ClassOf(err) != fault.Auth || fault.HintOf(err) == "" || strings.Contains(err.Error(), "an0ther") || v.Requests.Load() != 1 {
				t.Errorf("got %v of class %q with hint %q after %d requests, want class %q after one", err, fault.ClassOf(err), fault.HintOf(err), v.Requests.Load(), fault.Auth)
			}
		})
	}
	t.Run("expires_in is obeyed", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Auth: sandbox.Auth{ExpiresIn: 60}})
		synctest.Test(t, func(t *testing.T) {
			s := overWire(t, v, v.config(), sessions(0))
			for range 5 {
				if err := s.(sources.Checker).Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				sleep(t, 50)
			}
			if v.Issued() != 3 || v.Requests.Load() != 5+3 {
				t.Errorf("%d tokens of a minute in 200 seconds and %d requests, want 3 and 8: none with a token that has expired", v.Issued(), v.Requests.Load())
			}
		})
	})
}

func TestRefusals(t *testing.T) {
	named := func(columns ...string) func(int) sources.Options {
		return func(int) sources.Options { return &piwikpro.QueryOptions{Columns: columns} }
	}
	tests := []struct {
		name    string
		cfg     sandbox.Config
		options func(int) sources.Options
		site    string
		class   fault.Class
		text    string // in the error
		hint    string // in the hint
	}{
		{"unknown column", sandbox.Config{}, named("timestamp.to_date", "avg_session_time", "sessions"), "", fault.Config, `"avg_session_time" does not exist`, "take the column out"},
		{
			"unknown column, as documented",
			sandbox.Config{Answers: sandbox.Answers{Parameter: sandbox.ParameterPlain}},
			named("timestamp.to_date", "page_url"), "", fault.Config, "(columns.column_id)", "take the column out",
		},
		{"columns that do not go together", sandbox.Config{}, named("timestamp.to_date", "product_name", "session_total_time.average"), "", fault.Config, "vendor says", "Make a job of each"},
		{"an integration the site does not have", sandbox.Config{}, named("timestamp.to_date", "search_engine_clicks"), "", fault.Config, "vendor says", "job of their own"},
		{"too many columns", sandbox.Config{Answers: sandbox.Answers{MaxColumns: 3}}, query, "", fault.Config, "vendor says", "columns"},
		{"too far", sandbox.Config{Answers: sandbox.Answers{MaxOffset: 15}}, func(int) sources.Options { return sessions(10) }, "", fault.Config, "offset", "interval shorter"},
		{"a site of another user", sandbox.Config{}, sessions, sandbox.SiteID(forbidden), fault.Config, "404", "website_id"},
		{"a site there is not", sandbox.Config{}, query, "dde2dc68-b6bb-45ee-9ac2-868b6181e33f", fault.Config, "404", "website_id"},
		{"a site without a licence", sandbox.Config{Data: sandbox.Data{FirstDay: "2026-03-01", Days: 9, Sites: []sandbox.Site{{NoLicense: true}}}}, sessions, "", fault.Auth, "icense", "licence"},
		{"another zone", sandbox.Config{}, sessions, sandbox.SiteID(garden), fault.Config, "site " + sandbox.SiteID(garden) + " is in zone Europe/Berlin", `data_timezone = "Europe/Berlin"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor(t, test.cfg)
			if test.site == "" {
				test.site = sandbox.SiteID(shop)
			}
			got := read(t, overWire(t, v, v.config(), test.options(0)), test.site, between(t, oneDay, nextDay, "UTC"), "UTC")
			if fault.ClassOf(got.err) != test.class || !strings.Contains(got.err.Error(), test.text) {
				t.Fatalf("got %v of class %q, want class %q and %q", got.err, fault.ClassOf(got.err), test.class, test.text)
			}
			if !strings.Contains(strings.ToLower(fault.HintOf(got.err)), strings.ToLower(test.hint)) {
				t.Errorf("hint %q does not say %q", fault.HintOf(got.err), test.hint)
			}
			if !strings.Contains(got.err.Error(), test.site) || got.rows > 0 && test.name != "too far" {
				t.Errorf("got %v and %d rows: want the site named and no rows", got.err, got.rows)
			}
		})
	}
	t.Run("a report that is forbidden", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/sessions/") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			v.Handler().ServeHTTP(w, r)
		})
		if got := ofDay(t, v, sessions(0)); fault.ClassOf(got.err) != fault.Auth || !strings.Contains(fault.HintOf(got.err), "give the user") && !strings.Contains(fault.HintOf(got.err), "Give the user") {
			t.Errorf("got %v with hint %q, want class %q", got.err, fault.HintOf(got.err), fault.Auth)
		}
	})
}

func TestBrokenAnswers(t *testing.T) {
	tests := []struct {
		name string
		rule faults.Rule
		want fault.Class // "" = the read comes to a good end
	}{
		{"one page for people", faults.Rule{Kind: faults.HTML, From: 2, To: 2}, ""},
		{"a bad gateway twice", faults.Rule{Kind: faults.Status, Status: 502, Body: "<html>", From: 2, To: 3}, ""},
		{"throttled without saying how long", faults.Rule{Kind: faults.Status, Status: 429, From: 2, To: 4}, ""},
		{"timeouts for good", faults.Rule{Kind: faults.Status, Status: 504, From: 2}, fault.Transient},
		{"no body", faults.Rule{Kind: faults.Empty, From: 2, To: 2}, fault.Transient},
		{"half a document", faults.Rule{Kind: faults.TruncatedJSON, Bytes: 900, From: 2, To: 2}, fault.Transient},
		{"half of a compressed one", faults.Rule{Kind: faults.TruncatedGzip, Bytes: 500, From: 2, To: 2}, fault.Transient},
		{"a connection that is cut", faults.Rule{Kind: faults.Reset, From: 2, To: 2}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			test.rule.Operation = "sessions"
			if err := v.faults.Add(test.rule); err != nil {
				t.Fatal(err)
			}
			want := clean(t, sessions(0))
			synctest.Test(t, func(t *testing.T) {
				s := overWire(t, v, v.config(), sessions(20))
				req := sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")}
				got := collect(t.Context(), t, s, req)
				if fault.ClassOf(got.err) != test.want {
					t.Fatalf("got %v of class %q, want class %q", got.err, fault.ClassOf(got.err), test.want)
				}
				if test.want == "" {
					got.whole(t, want)
					return
				}
				v.faults.Clear()
				req.After = got.marks[len(got.marks)-1]
				rest := collect(t.Context(), t, s, req)
				if rest.err != nil || got.rows+rest.rows != rest.announced || rest.announced != want.rows {
					t.Errorf("going on: %d and %d rows of %d, %v", got.rows, rest.rows, rest.announced, rest.err)
				}
			})
		})
	}
}

// Shapes that nobody has documented are errors, and what is known of them is said.
func TestStrangeAnswers(t *testing.T) {
	const row, meta = `["1","a","2026-03-05T10:00:00","x"]`, `"columns":["session_id","visitor_id","timestamp","source"],"count":1`
	tests := []struct{ name, body, text string }{
		{"a column of another name", `{"data":[` + row + `],"meta":{"columns":["session_id","visitor_id","timestamp","origin"],"count":1}}`, "column 4 should be source and is called origin"},
		{"a column less", `{"data":[["1","a","2026-03-05T10:00:00"]],"meta":{"columns":["session_id","visitor_id","timestamp"],"count":1}}`, "column 4 should be source, and the answer ends before it"},
		{"columns in another order", `{"data":[` + row + `],"meta":{"columns":["visitor_id","session_id","timestamp","source"],"count":1}}`, "column 1 should be session_id and is called visitor_id"},
		{"a column more", `{"data":[["1","a","2026-03-05T10:00:00","x","y"]],"meta":{"columns":["session_id","visitor_id","timestamp","source","y"],"count":1}}`, "y comes after them"},
		{"a cell less", `{"data":[["1","a","x"]],"meta":{` + meta + `}}`, "a row has 3 cells, not 4"},
		{"names first, a cell less", `{"meta":{` + meta + `},"data":[["1","a","x"]]}`, "a row has 3 cells, not 4"},
		{"rows with names", `{"data":[{"session_id":"1"}],"meta":{` + meta + `}}`, "no list of cells"},
		{"no names", `{"data":[` + row + `],"meta":{"count":1}}`, "does not name its columns"},
		{"no count", `{"data":[` + row + `],"meta":{"columns":["session_id","visitor_id","timestamp","source"]}}`, "does not say how many"},
		{"no data", `{"meta":{` + meta + `}}`, "no data"},
		{"more rows than asked for", `{"data":[` + strings.Repeat(row+",", 100) + row + `],"meta":{` + meta + `}}`, "more than the 100 rows"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			v.SetFront(answering(v, "/sessions/", test.body))
			got := ofDay(t, v, piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"source"}, PageSize: 100}))
			if fault.ClassOf(got.err) != fault.Data || !strings.Contains(got.err.Error(), test.text) || fault.HintOf(got.err) == "" {
				t.Errorf("got %v of class %q with hint %q, want class %q and %q", got.err, fault.ClassOf(got.err), fault.HintOf(got.err), fault.Data, test.text)
			}
			if len(got.marks) > 0 {
				t.Error("something of it can be loaded")
			}
		})
	}
	t.Run("a report without names", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{QueryColumns: sandbox.MetaColumnsNone}})
		got := ofDay(t, v, query(10))
		got.whole(t, clean(t, query(0)))
		if n := strings.Count(got.warning(), "does not name"); n != 1 {
			t.Errorf("%d warnings in %q, want one", n, got.warnings)
		}
	})
	t.Run("rows of other days", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(answering(v, "/sessions/", `{"data":[`+row+`,["2","a","2026-03-04T23:59:59","x"],["3","a","2026-03-06T00:00:00","x"]],"meta":{"columns":["session_id","visitor_id","timestamp","source"],"count":3}}`))
		got := ofDay(t, v, piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"source"}}))
		if got.err != nil || got.rows != 1 || got.announced != 1 || !strings.Contains(got.warning(), "other times") {
			t.Errorf("got %d rows of %d, %v, warnings %q: want the one of the day", got.rows, got.announced, got.err, got.warnings)
		}
	})
}

// answering serves a body for paths that end so, and the vendor for the others.
func answering(v *vendor, path, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, path) {
			v.Handler().ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

func TestParts(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	parts := func(o sources.Options) []string {
		s := overWire(t, v, v.config(), o)
		return sourcetest.Must[[]string](t)(s.(sources.Parted).Parts(t.Context(), stream(t, s).Name))
	}
	all := parts(sessions(0))
	if len(all) != 12 || slices.Contains(all, sandbox.SiteID(forbidden)) || slices.Contains(all, sandbox.MetaSiteID(0)) {
		t.Errorf("got %d sites %v, want the 12 of the user without meta sites", len(all), all)
	}
	two := []string{sandbox.SiteID(3), sandbox.MetaSiteID(0)}
	if got := parts(&piwikpro.GoalOptions{Sites: piwikpro.Sites{Websites: two}}); !slices.Equal(got, two) {
		t.Errorf("got %v, want the named ones", got)
	}
	if got := parts(&piwikpro.AppOptions{}); !slices.Equal(got, []string{""}) {
		t.Errorf("apps have parts %v", got)
	}
}

func TestMetaSites(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"website_name"}, PageSize: 30})
	got := read(t, overWire(t, v, v.config(), o), sandbox.MetaSiteID(0), between(t, oneDay, nextDay, "UTC"), "UTC")
	if got.err != nil || got.rows < 150 || got.rows != got.announced || !strings.Contains(got.warning(), "meta site") {
		t.Errorf("got %d rows of %d, %v, warnings %q: want those of three sites and a warning about the zone", got.rows, got.announced, got.err, got.warnings)
	}
}

// A check of the login tells of sites whose days are others, before any is loaded.
func TestCheckTellsOfOtherZones(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	c := v.config()
	now := func() time.Time { return time.Date(1950, 6, 1, 0, 0, 0, 0, time.UTC) } // Paris has another time than Berlin
	for zone, want := range map[string]string{"": "", "UTC": "Europe/Berlin", "Europe/Berlin": sandbox.SiteID(shop) + " in UTC", "Europe/Paris": "Europe/Berlin"} {
		var log bytes.Buffer
		c.Timezone = zone
		s := open(t, c, sessions(0), sources.Deps{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: now})
		if err := s.(sources.Checker).Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(log.String(), "other zones"); told != (want != "") || !strings.Contains(log.String(), want) {
			t.Errorf("zone %q: %s", zone, log.String())
		}
	}
}
