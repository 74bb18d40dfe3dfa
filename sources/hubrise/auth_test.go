package hubrise_test

import (
	"bytes"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

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

// logIn connects a source as a person would.
func logIn(t *testing.T, v *vendor, c *hubrise.Config, store httpapi.TokenStore, chosen sandbox.Token) (log string) {
	t.Helper()
	chosen.Scope, chosen.DeviceID = c.Scope, c.DeviceID
	code := sourcetest.Must[string](t)(v.Code(chosen))
	var text bytes.Buffer
	s := open(t, c, &hubrise.Options{}, sources.Deps{Tokens: store, Log: slog.New(slog.NewTextHandler(&text, nil))})
	if err := s.(sources.Login).Login(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{code, clientSecret} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the log holds a secret: %s", text.String())
		}
	}
	return text.String()
}

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		oauth sandbox.OAuth
		auth  string
		scope string
		part  string
	}{
		"account, basic":             {oauth: sandbox.OAuth{ClientAuth: sandbox.AuthBasic}, auth: "basic", part: accountOf},
		"account, post":              {oauth: sandbox.OAuth{ClientAuth: sandbox.AuthBody}, auth: "post", part: accountOf},
		"location":                   {auth: "basic", scope: "location[orders.read,customer_list.read,catalog.read]", part: paris},
		"an older answer with nulls": {oauth: sandbox.OAuth{Response: sandbox.TokenAnswer{NoTokenType: true, IDs: true, Nulls: true}}, auth: "basic", part: accountOf},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{OAuth: c.oauth})
			cfg := v.app()
			cfg.ClientAuth = c.auth
			if c.scope != "" {
				cfg.Scope = c.scope
			}
			store := new(sourcetest.Tokens)
			wantError(t, open(t, cfg, &hubrise.Options{}, sources.Deps{Tokens: store}).(sources.Checker).Check(t.Context()),
				fault.Auth, "there is no token", "exporter auth login shop")
			if log := logIn(t, v, cfg, store, sandbox.Token{}); log != "" {
				t.Errorf("the first login warns: %s", log)
			}
			s := open(t, cfg, &hubrise.Options{}, sources.Deps{Tokens: store})
			if err := s.(sources.Checker).Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			parts := sourcetest.Must[[]string](t)(s.(sources.Parted).Parts(t.Context(), "orders"))
			if len(parts) != 1 || parts[0] != c.part {
				t.Fatalf("parts %v, want %s", parts, c.part)
			}
			if got := read(t, s, "orders", parts[0], day(t, "2026-03-27", 1)); got.err != nil || len(got.rows["orders"]) == 0 {
				t.Errorf("%d orders, error %v", len(got.rows["orders"]), got.err)
			}
			token := store.Kept[cfg.TokenKey("shop")]
			if !token.Expires.IsZero() || token.Extra["account_id"] != accountOf && c.scope == "" || token.Extra["scope"] != cfg.Scope {
				t.Errorf("kept %v, %v", token.Expires, token.Extra)
			}
		})
	}
}

func TestLoginAddresses(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	c := v.app()
	c.DeviceID = "staging"
	s := open(t, c, &hubrise.Options{}, sources.Deps{}).(sources.Returning)
	check := func(address, redirect string) {
		t.Helper()
		u := sourcetest.Must[*url.URL](t)(url.Parse(address))
		want := url.Values{"client_id": {"client"}, "scope": {c.Scope}, "state": {"S"}, "device_id": {"staging"}, "redirect_uri": {redirect}}
		if u.Path != "/oauth2/v1/authorize" || u.Query().Encode() != want.Encode() || strings.ContainsAny(u.RawQuery, "[],") {
			t.Errorf("got %s, want %v", address, want)
		}
	}
	check(s.LoginURL("S"), "urn:ietf:wg:oauth:2.0:oob")
	check(s.LoginURLTo("S", "http://127.0.0.1:1/callback"), "http://127.0.0.1:1/callback")
	c.RedirectURI = "https://example.com/back"
	check(s.LoginURL("S"), c.RedirectURI)
	if got := s.LoginURLTo("S", "http://127.0.0.1:1/callback"); got != "" {
		t.Errorf("with a redirect_uri of its own it comes back to %s", got)
	}
	fixed := open(t, v.with(accountToken), &hubrise.Options{}, sources.Deps{Tokens: new(sourcetest.Tokens)})
	if got := fixed.(sources.Login).LoginURL("S"); got != "" {
		t.Errorf("with a fixed token it leads to %s", got)
	}
	wantError(t, fixed.(sources.Login).Login(t.Context(), "code"), fault.Config, "access_token")
	wantError(t, fixed.(sources.Logout).Logout(t.Context()), fault.Config, "access_token")
}

// What a person chooses the second time replaces the first, and is told.
func TestAnotherLoginNarrows(t *testing.T) {
	catalogs := []sandbox.Catalog{{ID: "cat01", Name: "Menu", Products: 3}, {ID: "cat02", Name: "Web", Products: 3}}
	lists := []sandbox.List{{ID: "list1", Name: "Online", Customers: 3}, {ID: "list2", Name: "POS", Customers: 3}}
	locations := []sandbox.Location{{Name: "Paris"}, {Name: "Lyon"}}
	v := newVendor(t, sandbox.Config{Data: sandbox.Data{FirstDay: "2026-03-20", Days: 1, Accounts: []sandbox.Account{{ID: accountOf, Locations: locations, Catalogs: catalogs, Lists: lists}}}})
	c := v.app()
	c.Scope = "location[orders.read,customer_list.read,catalog.read]"
	store := new(sourcetest.Tokens)
	logIn(t, v, c, store, sandbox.Token{Location: paris, Catalog: "cat01", CustomerList: "list1"})
	first := store.Kept[c.TokenKey("shop")]
	if log := logIn(t, v, c, store, sandbox.Token{Location: paris, Catalog: "cat01", CustomerList: "list1"}); log != "" {
		t.Errorf("the same choice warns: %s", log)
	}
	log := logIn(t, v, c, store, sandbox.Token{Location: paris, Catalog: "cat02", CustomerList: "list1"})
	if !strings.Contains(log, "level=WARN") || !strings.Contains(log, "the catalog is cat02") || !strings.Contains(log, "it was cat01") || strings.Contains(log, "list1") {
		t.Errorf("another catalog: %s", log)
	}
	if now := store.Kept[c.TokenKey("shop")]; !now.Same(first) {
		t.Error("the vendor gave another token")
	}
	c.Scope = "location[orders.read,catalog.read]"
	if log := logIn(t, v, c, store, sandbox.Token{Location: "3r4s3-2", Catalog: "cat02"}); !strings.Contains(log, "no customer list any more (it was list1") || !strings.Contains(log, "the location is 3r4s3-2") {
		t.Errorf("another location and no list: %s", log)
	}
	// What was chosen is what is read.
	s := open(t, c, &hubrise.ListOptions{}, sources.Deps{Tokens: store})
	got := read(t, s, "catalogs", "3r4s3-2", sources.Interval{})
	if got.err != nil || len(got.rows["catalogs"]) != 1 || got.rows["catalogs"][0]["catalog_id"] != "cat02" {
		t.Errorf("catalogs %v, error %v", got.rows["catalogs"], got.err)
	}
	wantError(t, read(t, s, "customers", "3r4s3-2", sources.Interval{}).err, fault.Auth, "customer_list.read", c.Scope, "exporter auth login shop")
}

func TestRefusedLogins(t *testing.T) {
	for _, body := range []sandbox.ErrorBody{sandbox.ErrorsAPI, sandbox.ErrorsOAuth, sandbox.ErrorsText, sandbox.ErrorsEmpty} {
		for _, bad := range []int{400, 404} {
			v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{BadCode: bad, ErrorBody: body}})
			c := v.app()
			s := open(t, c, &hubrise.Options{}, sources.Deps{Tokens: new(sourcetest.Tokens)}).(sources.Login)
			code := sourcetest.Must[string](t)(v.Code(sandbox.Token{Scope: c.Scope}))
			if err := s.Login(t.Context(), code); err != nil {
				t.Fatal(err)
			}
			before := v.Requests.Load()
			wantError(t, s.Login(t.Context(), code), fault.Auth, "log in to source shop", "used up", "exporter auth login shop")
			if asked := v.Requests.Load() - before; asked != 1 {
				t.Errorf("a used code was sent %d times", asked)
			}
			c = v.app()
			c.ClientSecret = "another-secret"
			s = open(t, c, &hubrise.Options{}, sources.Deps{Tokens: new(sourcetest.Tokens)}).(sources.Login)
			wantError(t, s.Login(t.Context(), sourcetest.Must[string](t)(v.Code(sandbox.Token{Scope: c.Scope}))), fault.Auth, "refuses the app itself", "client_auth")
		}
	}
}

func TestLogout(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	c := v.app()
	store := new(sourcetest.Tokens)
	logIn(t, v, c, store, sandbox.Token{})
	token := store.Kept[c.TokenKey("shop")].Access.Reveal()
	s := open(t, c, &hubrise.Options{}, sources.Deps{Tokens: store})
	other := v.app()
	other.ClientSecret = "another-secret"
	wantError(t, open(t, other, &hubrise.Options{}, sources.Deps{Tokens: store}).(sources.Logout).Logout(t.Context()), fault.Auth, "client_secret")
	if len(store.Kept) != 1 {
		t.Error("a refused logout forgot the token")
	}
	if err := s.(sources.Logout).Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(store.Kept) != 0 {
		t.Error("the token is kept")
	}
	if _, health, ok := v.Connection(token); ok && health == sandbox.Alive {
		t.Error("the token is alive")
	}
	wantError(t, s.(sources.Logout).Logout(t.Context()), fault.Config, "not connected")
}

// A token that is refused is asked with once, and kept.
func TestDeadTokens(t *testing.T) {
	for _, health := range []sandbox.Health{sandbox.Revoked, sandbox.Blocked, sandbox.Unpaid} {
		t.Run(string(health), func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			c := v.app()
			store := new(sourcetest.Tokens)
			logIn(t, v, c, store, sandbox.Token{})
			token := store.Kept[c.TokenKey("shop")].Access.Reveal()
			s := open(t, c, &hubrise.Options{}, sources.Deps{Tokens: store})
			if err := v.SetHealth(token, health); err != nil {
				t.Fatal(err)
			}
			before := v.Requests.Load()
			got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1))
			wantError(t, got.err, fault.Auth, "401", "unauthorized", "vendor says:", "The token is kept", "exporter auth login shop")
			if asked := v.Requests.Load() - before; asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			if len(store.Kept) != 1 {
				t.Error("the token is gone")
			}
			if err := v.SetHealth(token, sandbox.Alive); err != nil {
				t.Fatal(err)
			}
			if got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1)); got.err != nil {
				t.Errorf("after the block: %v", got.err)
			}
		})
	}
}

// A token for one list and one catalog reads these, whether they were told at a login or not.
func TestNarrowScopes(t *testing.T) {
	for name, c := range map[string]struct{ scope, part string }{
		"of a location": {"location[orders.read,customer_list.read,catalog.read]", paris},
		"of an account": {"account[orders.read,customer_list.read,catalog.read]", accountOf},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			cfg := v.app()
			cfg.Scope = c.scope
			store := new(sourcetest.Tokens)
			logIn(t, v, cfg, store, sandbox.Token{})
			told := open(t, cfg, &hubrise.ListOptions{}, sources.Deps{Tokens: store})
			token := store.Kept[cfg.TokenKey("shop")]
			untold := open(t, v.with(token.Access.Reveal()), &hubrise.ListOptions{}, sources.Deps{})
			for _, s := range []sources.Source{told, untold} {
				for stream, table := range map[string]string{"customers": "customer_lists", "catalogs": "catalogs"} {
					got := read(t, s, stream, c.part, sources.Interval{})
					if got.err != nil || len(got.rows[table]) != 1 {
						t.Errorf("%s: %d %s, error %v", stream, len(got.rows[table]), table, got.err)
					}
				}
			}
		})
	}
}

// Without a scope the stream fails, and says which; the others go on.
func TestMissingScope(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	cfg := v.app()
	cfg.Scope = "account[orders.read]"
	store := new(sourcetest.Tokens)
	logIn(t, v, cfg, store, sandbox.Token{})
	lists := open(t, cfg, &hubrise.ListOptions{}, sources.Deps{Tokens: store})
	wantError(t, read(t, lists, "customers", accountOf, sources.Interval{}).err, fault.Auth, "403", "all_customer_lists.read", `scope = "account[orders.read]"`, "exporter auth login shop")
	wantError(t, read(t, lists, "catalogs", accountOf, sources.Interval{}).err, fault.Auth, "403", "all_catalogs.read")
	if got := read(t, lists, "locations", accountOf, sources.Interval{}); got.err != nil || len(got.rows[""]) == 0 {
		t.Errorf("%d locations, error %v", len(got.rows[""]), got.err)
	}
	orders := open(t, cfg, &hubrise.Options{}, sources.Deps{Tokens: store})
	if got := read(t, orders, "orders", accountOf, day(t, "2026-03-27", 1)); got.err != nil {
		t.Error(got.err)
	}
}
