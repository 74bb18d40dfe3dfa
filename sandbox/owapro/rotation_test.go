package owapro_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/owapro"
)

// Of each rotation: which tokens live after the first renewal, after the use of the new one, and a minute later.
func TestRotation(t *testing.T) {
	cases := map[owapro.Rotation]struct{ renewed, used, late string }{
		owapro.RotateNever:  {"old new", "old new newer", "old new newer"}, // three names of one token
		owapro.RotateAtOnce: {"new", "newer", "newer"},
		owapro.RotateOnUse:  {"old new", "new newer", "new newer"},
		owapro.RotateGrace:  {"old new", "old new newer", "newer"},
	}
	for rotation, c := range cases {
		t.Run(string(rotation), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(t, owapro.Config{OAuth: owapro.OAuth{Rotation: rotation, Clients: []owapro.Client{{RefreshToken: "old"}}}})
				names := map[string]string{}
				alive := func(want string) {
					t.Helper()
					var got []string
					for _, name := range []string{"old", "new", "newer"} {
						if token, there := names[name]; there && v.Accepts(token) {
							got = append(got, name)
						}
					}
					if strings.Join(got, " ") != want {
						t.Errorf("alive: %v, want %s", got, want)
					}
				}
				names["old"] = "old"
				next := func(name, with string) {
					t.Helper()
					got := v.renew(with)
					if got.HTTP != 200 {
						t.Fatalf("renewal with %s: %s", with, got.Raw)
					}
					if got.Refresh != nil {
						names[name] = got.Refresh.Token
					} else {
						names[name] = with
					}
				}
				next("new", "old")
				alive(c.renewed)
				next("newer", names["new"])
				alive(c.used)
				state := v.RefreshTokens("client")
				if rotation != owapro.RotateNever && state.Newest != names["newer"] || !state.Alive {
					t.Errorf("newest: %+v", state)
				}
				time.Sleep(time.Minute)
				alive(c.late)
			})
		})
	}
}

// An answer that got lost: with the old token dead the client is out, otherwise it goes on.
func TestLostAnswer(t *testing.T) {
	for rotation, out := range map[owapro.Rotation]bool{owapro.RotateAtOnce: true, owapro.RotateOnUse: false} {
		v := newVendor(t, owapro.Config{OAuth: owapro.OAuth{Rotation: rotation, Clients: []owapro.Client{{RefreshToken: "old"}}}})
		if err := v.faults.Add(faults.Rule{Kind: faults.TruncatedJSON, Bytes: 1, Operation: "oauth/get_access_token", Times: 1}); err != nil {
			t.Fatal(err)
		}
		v.form("/oauth/get_access_token", "client_id", "client", "refresh_token", "old")
		again := v.renew("old")
		if refused := again.HTTP != 200; refused != out {
			t.Errorf("%s: %s", rotation, again.Raw)
		}
		want := map[bool]int{true: 1, false: 0}[out]
		if got := v.RefreshTokens("client"); got.Dead != want || !got.Alive {
			t.Errorf("%s: %+v", rotation, got)
		}
		if got := v.meter.Count(owapro.TokenKey("client")).Requests; got != 2 || v.meter.Operations()["oauth/get_access_token"] != 2 {
			t.Errorf("%d token calls were counted", got)
		}
	}
}

// With rotation on use an answer may get lost again and again. Once one has
// arrived, which the use of either of its tokens proves, no older token is taken,
// nor one of a lost answer; other logins of the app are not touched.
func TestUseEndsOlderTokens(t *testing.T) {
	for _, use := range []string{"refresh", "access"} {
		v := newVendor(t, owapro.Config{OAuth: owapro.OAuth{Rotation: owapro.RotateOnUse, Clients: []owapro.Client{{RefreshToken: "old"}}}})
		other, _, err := v.Login("client")
		if err != nil {
			t.Fatal(err)
		}
		lost, got := v.renew("old"), v.renew("old")
		late := v.renew("old")
		for _, token := range []string{"old", other, lost.Refresh.Token, got.Refresh.Token, late.Refresh.Token} {
			if !v.Accepts(token) {
				t.Errorf("%s: %s is dead before anything was used", use, token)
			}
		}
		if use == "refresh" {
			v.renew(got.Refresh.Token)
		} else if v.access = got.Access.Token; v.get("/api/report/config").Code != 200 {
			t.Fatal("the new access token was refused")
		}
		for token, want := range map[string]bool{"old": false, other: true, lost.Refresh.Token: false, got.Refresh.Token: true, late.Refresh.Token: true} {
			if v.Accepts(token) != want {
				t.Errorf("after use of the %s token: %s alive %t, want %t", use, token, !want, want)
			}
		}
	}
}
