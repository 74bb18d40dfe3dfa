package hasoffers_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/hasoffers"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

func TestRefusedFields(t *testing.T) {
	cfg := sandbox.Config{Answers: sandbox.Answers{RefusedFields: []string{"internal_ad_id", "browser_id"}}}
	t.Run("of the usual ones are left empty", func(t *testing.T) {
		v := newVendor(t, cfg)
		got := read(t, overWire(t, v, v.network(), &hasoffers.Options{}), day(t, oneDay, 1))
		got.whole(t, v, day(t, oneDay, 1))
		for _, name := range cfg.Answers.RefusedFields {
			if !strings.Contains(got.warning(), name) || got.nulls[name] != got.rows {
				t.Errorf("%s: got warnings %q and %d of %d rows empty", name, got.warnings, got.nulls[name], got.rows)
			}
		}
	})
	for where, o := range map[string]hasoffers.Options{
		"options.fields":             {Fields: []string{"id", "browser_id"}},
		"options.filters.browser_id": {Filters: map[string]any{"browser_id": int64(3)}},
	} {
		t.Run("named in "+where, func(t *testing.T) {
			v := newVendor(t, cfg)
			got := read(t, overWire(t, v, v.network(), &o), day(t, oneDay, 1))
			if fault.ClassOf(got.err) != fault.Config || !strings.Contains(fault.HintOf(got.err), where) {
				t.Errorf("got %v with hint %q, want class %q naming %s", got.err, fault.HintOf(got.err), fault.Config, where)
			}
		})
	}
}

func TestLongRequestsAreSplit(t *testing.T) {
	var offers []any
	for id := range int64(900) {
		offers = append(offers, id)
	}
	for _, paging := range []string{"keyset", "page"} {
		t.Run("414, "+paging, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Gateway: sandbox.Gateway{URLMaxBytes: 900}})
			whole := newVendor(t, sandbox.Config{})
			o := &hasoffers.Options{Paging: paging, PageSize: 60}
			got := read(t, overWire(t, v, v.integrator(), o), day(t, oneDay, 1))
			got.whole(t, v, day(t, oneDay, 1))
			want := read(t, overWire(t, whole, whole.integrator(), o), day(t, oneDay, 1))
			if got.tally.Hash() != want.tally.Hash() || !strings.Contains(got.warning(), "url_max") {
				t.Errorf("split requests give other rows, or no warning: %q", got.warnings)
			}
		})
		t.Run("long lists, "+paging, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Gateway: sandbox.Gateway{URLMaxBytes: 4200}})
			o := &hasoffers.Options{Paging: paging, PageSize: 20, Filters: map[string]any{"offer_id": offers}}
			s := overWire(t, v, v.integrator(), o)
			req := request(t, s, "conversions", day(t, oneDay, 1))
			got := collect(t.Context(), t, s, req)
			got.whole(t, v, req.Interval)
			for i, mark := range got.marks {
				req.After = mark
				rest := collect(t.Context(), t, overWire(t, v, v.integrator(), o), req)
				if rest.err != nil || rest.announced != got.announced {
					t.Errorf("after checkpoint %d %s: announced %d and %v, want %d", i, mark.Cursor, rest.announced, rest.err, got.announced)
				}
			}
		})
	}
	t.Run("a list that does not fit after all", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Gateway: sandbox.Gateway{URLMaxBytes: 1500}})
		s := overWire(t, v, v.integrator(), &hasoffers.Options{Filters: map[string]any{"offer_id": offers}})
		got := read(t, s, day(t, oneDay, 1))
		if fault.ClassOf(got.err) != fault.Drift {
			t.Fatalf("got %v, want class %q: passes have to be planned anew", got.err, fault.Drift)
		}
		for range 2 {
			if got = read(t, s, day(t, oneDay, 1)); got.err == nil {
				break
			}
		}
		got.whole(t, v, day(t, oneDay, 1))
	})
	t.Run("no room for one field", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Gateway: sandbox.Gateway{URLMaxBytes: 200}})
		got := read(t, overWire(t, v, v.integrator(), &hasoffers.Options{}), day(t, oneDay, 1))
		if fault.ClassOf(got.err) != fault.Config || fault.HintOf(got.err) == "" {
			t.Errorf("got %v, want class %q and a hint", got.err, fault.Config)
		}
	})
}

func TestBrokenAnswers(t *testing.T) {
	const findAll = "Conversion::findAll"
	throttled := "Request refused.  API usage exceeded rate limit.  Configured: 50/10s window; Your usage: 51."
	tests := []struct {
		name string
		rule faults.Rule
		want fault.Class // "" = the read comes to a good end
		wait time.Duration
	}{
		{"one page for people", faults.Rule{Kind: faults.HTML, From: 2, To: 2}, "", 0},
		{"a bad gateway twice", faults.Rule{Kind: faults.Status, Status: 502, Body: "Internal Server Error", From: 2, To: 3}, "", 0},
		{"timeouts until pages are smaller", faults.Rule{Kind: faults.Status, Status: 504, Query: "limit=150"}, "", 0},
		{"timeouts at any size", faults.Rule{Kind: faults.Status, Status: 504}, fault.Transient, 0},
		{"no body", faults.Rule{Kind: faults.Empty, From: 2, To: 2}, fault.Transient, 0},
		{"half a document", faults.Rule{Kind: faults.TruncatedJSON, Bytes: 900, From: 2, To: 2}, fault.Transient, 0},
		{"half of a compressed one", faults.Rule{Kind: faults.TruncatedGzip, Bytes: 900, From: 2, To: 2}, fault.Transient, 0},
		{"a database error", faults.Rule{Kind: faults.Envelope, From: 2, To: 2}, fault.Transient, 0},
		{"throttled inside an answer", faults.Rule{Kind: faults.Envelope, Body: throttled, From: 2, To: 2}, fault.Throttled, 10 * time.Second},
		{"an unknown refusal", faults.Rule{Kind: faults.Envelope, Body: "No luck today", From: 2, To: 2}, fault.Permanent, 0},
	}
	for _, test := range tests {
		for _, paging := range []string{"keyset", "page"} {
			t.Run(test.name+", "+paging, func(t *testing.T) {
				v := newVendor(t, sandbox.Config{})
				test.rule.Operation = findAll
				if err := v.faults.Add(test.rule); err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) {
					s := overWire(t, v, v.network(), &hasoffers.Options{Paging: paging, PageSize: 150})
					req := request(t, s, "conversions", day(t, oneDay, 3))
					got := collect(t.Context(), t, s, req)
					if fault.ClassOf(got.err) != test.want || fault.WaitOf(got.err) != test.wait {
						t.Fatalf("got %v of class %q, wait %s, want class %q, wait %s", got.err, fault.ClassOf(got.err), fault.WaitOf(got.err), test.want, test.wait)
					}
					if test.want == "" {
						got.whole(t, v, req.Interval)
						return
					}
					if fault.HintOf(got.err) == "" && test.want != fault.Transient {
						t.Errorf("no hint with %v", got.err)
					}
					v.faults.Clear()
					if len(got.marks) > 0 {
						req.After = got.marks[len(got.marks)-1]
					}
					rest := collect(t.Context(), t, s, req)
					if rest.err != nil || got.rows+rest.rows != rest.announced {
						t.Errorf("going on: %d and %d rows of %d, %v", got.rows, rest.rows, rest.announced, rest.err)
					}
				})
			})
		}
	}
}

func TestLogin(t *testing.T) {
	client := func(change func(*sandbox.Integrator)) sandbox.Config {
		in := sandbox.Integrator{ClientSecret: clientSecret}
		change(&in)
		return sandbox.Config{Integrators: []sandbox.Integrator{in}}
	}
	check := func(t *testing.T, v *vendor, c *hasoffers.Config) error {
		t.Helper()
		checker, ok := overWire(t, v, c, &hasoffers.Options{}).(sources.Checker)
		if !ok {
			t.Fatal("the source cannot be checked")
		}
		return checker.Check(t.Context())
	}
	t.Run("a token that dies early is renewed", func(t *testing.T) {
		v := newVendor(t, client(func(in *sandbox.Integrator) { in.RevokeAfter = 3 }))
		read(t, overWire(t, v, v.integrator(), &hasoffers.Options{PageSize: 20}), day(t, oneDay, 1)).whole(t, v, day(t, oneDay, 1))
	})
	t.Run("a good login", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		if err := check(t, v, v.integrator()); err != nil {
			t.Errorf("check: %v", err)
		}
	})
	bad := map[string]func(*vendor) *hasoffers.Config{
		"wrong secret": func(v *vendor) *hasoffers.Config {
			c := v.integrator()
			c.ClientSecret = "an0ther-secret"
			return c
		},
		"unknown integrator": func(v *vendor) *hasoffers.Config { c := v.integrator(); c.IntegratorID = "nobody"; return c },
		"wrong token":        func(v *vendor) *hasoffers.Config { c := v.network(); c.NetworkToken = "NETan0ther"; return c },
		"unknown network":    func(v *vendor) *hasoffers.Config { c := v.network(); c.NetworkID = "nobody"; return c },
	}
	for name, config := range bad {
		for _, late := range []sandbox.BadLogin{sandbox.LoginRefused, sandbox.LoginLate} {
			t.Run(name+", "+string(late), func(t *testing.T) {
				v := newVendor(t, client(func(in *sandbox.Integrator) { in.BadLogin = late }))
				err := check(t, v, config(v))
				class := fault.ClassOf(err)
				if class != fault.Auth && class != fault.Config || fault.HintOf(err) == "" {
					t.Errorf("got %v of class %q with hint %q, want a class that asks for a person, and a hint", err, class, fault.HintOf(err))
				}
				for _, secret := range []string{"an0ther"} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("error shows a secret: %v", err)
					}
				}
			})
		}
	}
	for _, body := range []sandbox.GatewayBody{sandbox.BodyMessage, sandbox.BodyText, sandbox.BodyError, sandbox.BodyEnvelope} {
		t.Run("a method that is not permitted, "+string(body), func(t *testing.T) {
			cfg := client(func(in *sandbox.Integrator) { in.Scope = []string{"Conversion::findAll"} })
			cfg.Gateway.Body = body
			v := newVendor(t, cfg)
			changer, ok := overWire(t, v, v.integrator(), &hasoffers.Options{Restate: "updates"}).(sources.Changer)
			if !ok {
				t.Fatal("the source does not tell changes")
			}
			_, err := changer.Changed(t.Context(), "conversions", time.Date(2026, 5, 30, 0, 0, 0, 0, time.UTC))
			if fault.ClassOf(err) != fault.Auth || !strings.Contains(err.Error(), "Conversion::findUpdatedConversions is not permitted for network demo") ||
				!strings.Contains(fault.HintOf(err), "restate") {
				t.Errorf("got %v with hint %q", err, fault.HintOf(err))
			}
			if n := len(v.asked("/authorize")); n != 1 {
				t.Errorf("%d tokens were asked for, want one: a new one does not help", n)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := overWire(t, v, v.network(), &hasoffers.Options{Fields: []string{"id", "country_code", "affiliate_info1"}})
	req := request(t, s, "conversions", day(t, oneDay, 1))
	table := &req.Stream.Tables[0]
	table.Columns[table.Column("country_code")].Type = record.Integer
	table.Columns[table.Column("affiliate_info1")].Mask = func(dst, _ []byte) []byte { return append(dst, "masked"...) }
	got := collect(t.Context(), t, s, req)
	got.whole(t, v, req.Interval)
	if got.rejects == 0 || !strings.Contains(got.reject, `"country_code":"`) || !strings.Contains(got.reject, "| country_code | ") {
		t.Errorf("%d rejects, the last one %q: want country codes that are no integers", got.rejects, got.reject)
	}
	if strings.Contains(got.reject, "affiliate_info1") {
		t.Errorf("a reject shows a masked column: %s", got.reject)
	}
}

func TestEmptyGatewayAnswer(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	v.SetFront(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	got := read(t, overWire(t, v, v.network(), &hasoffers.Options{}), day(t, oneDay, 1))
	if fault.ClassOf(got.err) != fault.Permanent || fault.HintOf(got.err) == "" {
		t.Errorf("got %v of class %q, want class %q and a hint", got.err, fault.ClassOf(got.err), fault.Permanent)
	}
}
