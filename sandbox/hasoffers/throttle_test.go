package hasoffers_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
)

func TestThrottle(t *testing.T) {
	type limited struct {
		status     int
		text       string
		retryAfter string
	}
	flat := `{"message":"Exceeded flat rate limit: 2 / 1 in 10 second window."}`
	envelope := `{"response":{"status":-1,"httpStatus":200,"data":"","errors":[{"publicMessage":"%[1]s"}],"errorMessage":"%[1]s"}}`
	inside := fmt.Sprintf(envelope, `Request refused.  API usage exceeded rate limit.  Configured: 1\/10s window; Your usage: 2.  See https:\/\/help.tune.com\/hasoffers\/rate-limit-error\/ for guidance.`)
	one := []string{"1/10s"}
	cases := map[string]struct {
		gate    hasoffers.Gateway
		api     hasoffers.NetworkAPI
		gateway bool
		want    limited
	}{
		"gateway":               {gate: hasoffers.Gateway{Limits: one}, gateway: true, want: limited{429, flat, ""}},
		"gateway seconds":       {gate: hasoffers.Gateway{Limits: one, RetryAfter: "seconds"}, gateway: true, want: limited{429, flat, "8"}},
		"gateway date":          {gate: hasoffers.Gateway{Limits: one, RetryAfter: "date"}, gateway: true, want: limited{429, flat, "Sat, 01 Jan 2000 00:00:11 GMT"}},
		"gateway inside 200":    {gate: hasoffers.Gateway{Limits: one, Throttle: "envelope"}, gateway: true, want: limited{200, inside, ""}},
		"network":               {api: hasoffers.NetworkAPI{Limits: one}, want: limited{200, inside, ""}},
		"network seconds":       {api: hasoffers.NetworkAPI{Limits: one, RetryAfter: "seconds"}, want: limited{200, inside, "8"}},
		"network spares others": {api: hasoffers.NetworkAPI{Limits: one}, gateway: true, want: limited{200, "", ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the bubble begins on 2000-01-01 00:00:00 UTC
				v := newVendor(t, hasoffers.Config{Gateway: c.gate, NetworkAPI: c.api, Answers: hasoffers.Answers{Request: hasoffers.RequestOmit}})
				ask := func() answer { return v.call("findAll", "limit=1") }
				key := hasoffers.NetworkKey("demo")
				if c.gateway {
					token := v.token()
					ask = func() answer { return v.through(token) }
					key = hasoffers.IntegratorKey("acme")
				}
				<-time.After(300 * time.Millisecond)
				if a := ask(); !success(a) {
					t.Fatalf("first call: %d %s", a.HTTP, a.Body)
				}
				<-time.After(2500 * time.Millisecond)
				a := ask()
				got := limited{a.HTTP, strings.TrimSpace(string(a.Body)), a.Header.Get("Retry-After")}
				if c.want.text == "" {
					if !success(a) {
						t.Errorf("second call: %d %s", a.HTTP, a.Body)
					}
					return
				}
				if got != c.want {
					t.Errorf("second call %+v\nwant        %+v", got, c.want)
				}
				if n := v.meter.Count(key).Refused; n != 1 {
					t.Errorf("%d refused calls counted, want 1", n)
				}
				<-time.After(7500 * time.Millisecond)
				if a := ask(); !success(a) {
					t.Errorf("after the window: %d %s", a.HTTP, a.Body)
				}
			})
		})
	}
}

// One call each at 9 s, 14 s, 19 s and 24 s under one call per 10 s.
func TestWindowSwitches(t *testing.T) {
	for name, c := range map[string]struct {
		gate hasoffers.Gateway
		want []bool
	}{
		"sliding":         {hasoffers.Gateway{Limits: []string{"1/10s"}}, []bool{true, false, true, false}},
		"refused counted": {hasoffers.Gateway{Limits: []string{"1/10s"}, CountRefused: true}, []bool{true, false, false, false}},
		"fixed":           {hasoffers.Gateway{Limits: []string{"1/10s fixed"}}, []bool{true, true, false, true}},
		"two windows":     {hasoffers.Gateway{Limits: []string{"1/1s", "2/1m"}}, []bool{true, true, false, false}},
		"none":            {hasoffers.Gateway{Limits: []string{}}, []bool{true, true, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(t, hasoffers.Config{Gateway: c.gate, NetworkAPI: hasoffers.NetworkAPI{
					Limits: c.gate.Limits, CountRefused: c.gate.CountRefused,
				}})
				token := v.token()
				<-time.After(4 * time.Second)
				var gateway, network []bool
				for range c.want {
					<-time.After(5 * time.Second)
					gateway = append(gateway, success(v.through(token)))
					network = append(network, success(v.call("findAll", "limit=1")))
				}
				if diff := cmp.Diff([][]bool{c.want, c.want}, [][]bool{gateway, network}); diff != "" {
					t.Errorf("passed at the gateway and at the Network API (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Two integrators and two networks do not share their limits.
func TestLimitsBelongToCredentials(t *testing.T) {
	v := newVendor(t, hasoffers.Config{
		Integrators: []hasoffers.Integrator{{}, {ID: "b", ClientID: "b"}}, Networks: []hasoffers.Network{{}, {ID: "second"}},
		Gateway: hasoffers.Gateway{Limits: []string{"2/1h"}},
	})
	token := v.token()
	for i, network := range []string{"demo", "second", "demo"} {
		if got := success(v.through(token, "NetworkId="+network)); got != (i < 2) {
			t.Errorf("call %d of the first integrator passed: %v", i+1, got)
		}
	}
	other, _ := v.login("b", "secret", "BrandAPI")
	if !success(v.through(other, "IntegratorId=b")) {
		t.Error("the second integrator is throttled by the first")
	}
}
