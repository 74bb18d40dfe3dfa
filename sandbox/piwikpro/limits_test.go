package piwikpro_test

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/piwikpro"
	"exporter/sandbox/wire"
)

// Limits are those of the verb: 60 a minute for reports, 600 for lists.
func TestVerbLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := piwikpro.Default()
		cfg.Data = small()
		v := newVendor(t, cfg)
		for i := range 60 {
			report := []string{"query", "sessions", "events"}[i%3]
			v.rows(report, ask("source"))
		}
		w := v.post("events", ask(""))
		if w.Code != 429 || w.Header().Get("Retry-After") != "60" || w.Body.String() != `{"errors":[{"detail":"Request was throttled.","status":"429"}]}` {
			t.Errorf("call 61: %d %s %s", w.Code, w.Header(), w.Body)
		}
		for i := range 600 {
			if got := v.get("/api/apps/v2").Code; got != 200 {
				t.Fatalf("GET %d: %d", i+1, got)
			}
		}
		if got := v.get("/api/meta-sites/v1").Code; got != 429 {
			t.Errorf("GET 601: %d", got)
		}
		if w := v.login(credentials); w.Code != 200 {
			t.Errorf("tokens take no part: %d", w.Code)
		}
		if a, b := v.meter.Count(piwikpro.PostKey), v.meter.Count(piwikpro.GetKey); a.Requests != 61 || a.Refused != 1 || b.Requests != 601 || b.Refused != 1 {
			t.Errorf("meter: POST %+v, GET %+v", a, b)
		}
		time.Sleep(time.Minute)
		v.rows("query", ask("source"))
	})
}

// What calls a limit counts together, and how it refuses, are switches.
func TestLimitSwitches(t *testing.T) {
	one := piwikpro.Limits{Get: []string{"1/1m"}, Post: []string{"1/1m"}}
	grouped := func(group piwikpro.Group) *vendor {
		limits := one
		limits.Group = group
		v := newVendor(t, piwikpro.Config{Data: small(), Limits: limits, Auth: piwikpro.Auth{Clients: []piwikpro.Client{{}, {ID: "other"}}}})
		v.rows("query", ask("source"))
		return v
	}
	for group, want := range map[piwikpro.Group][2]int{ // another endpoint, another client
		piwikpro.GroupVerb: {429, 429}, piwikpro.GroupEndpoint: {200, 429}, piwikpro.GroupClient: {429, 200},
	} {
		v := grouped(group)
		if got := v.post("events", ask("")).Code; got != want[0] {
			t.Errorf("%s: another endpoint: %d, want %d", group, got, want[0])
		}
		v = grouped(group)
		v.token = v.Login("other")
		w := v.post("query", ask("source"))
		if w.Code != want[1] || w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: another client: %d %s, want %d", group, w.Code, w.Header(), want[1])
		}
	}
	bodies := map[piwikpro.Shape]string{
		piwikpro.ShapeMessage: `{"message":`, piwikpro.ShapeCode: `{"code":429`, piwikpro.ShapeHTML: `<html>`, piwikpro.ShapeEmpty: ``, piwikpro.ShapeError: `{"error":`,
	}
	for shape, want := range bodies {
		limits := one
		limits.Body, limits.RetryAfter, limits.Tokens = shape, wire.RetryAfterDate, true
		v := newVendor(t, piwikpro.Config{Data: small(), Limits: limits})
		if w := v.login(credentials); w.Code != 200 {
			t.Fatalf("first: %d", w.Code)
		}
		for name, w := range map[string]*httptest.ResponseRecorder{"token": v.login(credentials), "report": v.post("query", ask("source"))} {
			if w.Code != 429 || !strings.HasPrefix(w.Body.String(), want) || !strings.HasSuffix(w.Header().Get("Retry-After"), "GMT") {
				t.Errorf("%s, %s: %d %s %s", shape, name, w.Code, w.Header(), w.Body)
			}
		}
		if got := v.meter.Count(piwikpro.PostKey).Requests; got != 3 {
			t.Errorf("%s: %s calls of tokens and reports counted, want 3", shape, strconv.Itoa(got))
		}
	}
}
