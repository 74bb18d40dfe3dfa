package hubrise_test

import (
	"strings"
	"testing"

	"exporter/settings"
	"exporter/sources/hubrise"
)

func TestConfigProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*hubrise.Config)
		key    string
		text   string
	}{
		"good":              {func(*hubrise.Config) {}, "", ""},
		"a fixed token":     {func(c *hubrise.Config) { *c = *newConfig(); c.AccessToken = accountToken }, "", ""},
		"no client":         {func(c *hubrise.Config) { c.ClientID = "" }, "client_id", ".clients.hubrise.com"},
		"no secret":         {func(c *hubrise.Config) { c.ClientSecret = "" }, "client_secret", "HUBRISE_CLIENT_SECRET"},
		"plain http":        {func(c *hubrise.Config) { c.BaseURL = "http://api.hubrise.com/v1" }, "base_url", "in the clear"},
		"plain http, asked": {func(c *hubrise.Config) { c.BaseURL, c.AllowInsecure = "http://api.local/v1", true }, "", ""},
		"no login host":     {func(c *hubrise.Config) { c.AuthURL = "manager" }, "auth_url", "is not an address"},
		"client_auth":       {func(c *hubrise.Config) { c.ClientAuth = "bearer" }, "client_auth", `"post"`},
		"scope":             {func(c *hubrise.Config) { c.Scope = "orders.read" }, "scope", "account[orders.read"},
		"no scope":          {func(c *hubrise.Config) { c.Scope = "" }, "scope", "is not a scope"},
		"odd scope":         {func(c *hubrise.Config) { c.Scope = "account[orders.read,],profile_with_email" }, "", ""},
		"redirect":          {func(c *hubrise.Config) { c.RedirectURI = "callback" }, "redirect_uri", "https://example.com/callback"},
		"out of band":       {func(c *hubrise.Config) { c.RedirectURI = "urn:ietf:wg:oauth:2.0:oob" }, "", ""},
		"zone":              {func(c *hubrise.Config) { c.Timezone = "Paris" }, "timezone", "Europe/Paris"},
		"token with blanks": {func(c *hubrise.Config) { c.AccessToken = "a b" }, "access_token", "is not a token"},
		"device":            {func(c *hubrise.Config) { c.DeviceID = "a\nb" }, "device_id", "staging"},
		"timeout":           {func(c *hubrise.Config) { c.Timeout = settings.Duration{N: 0, Unit: settings.Second} }, "timeout", "180s"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := newConfig()
			cfg.ClientID, cfg.ClientSecret = "1.clients.hubrise.com", clientSecret
			c.change(cfg)
			wantProblem(t, cfg.Validate(), c.key, c.text)
		})
	}
}

func TestOptionProblems(t *testing.T) {
	for name, c := range map[string]struct {
		options hubrise.Options
		key     string
		text    string
	}{
		"good":          {hubrise.Options{Locations: []string{paris}, Statuses: []string{"in_delivery"}, Deep: "off", PageSize: 100, Raw: true}, "", ""},
		"page size":     {hubrise.Options{PageSize: 101}, "page_size", "1 to 100"},
		"upper case":    {hubrise.Options{Locations: []string{"3R4S3-1"}}, "locations[0]", "lower case"},
		"twice":         {hubrise.Options{Locations: []string{"a-1", "a-1"}}, "locations[1]", "twice"},
		"no location":   {hubrise.Options{Locations: []string{}}, "locations", "names none"},
		"no status":     {hubrise.Options{Statuses: []string{}}, "statuses", "names none"},
		"status":        {hubrise.Options{Statuses: []string{"In Delivery"}}, "statuses[0]", "completed"},
		"status twice":  {hubrise.Options{Statuses: []string{"new", "new"}}, "statuses[1]", "twice"},
		"deep":          {hubrise.Options{Deep: "weekly"}, "deep", "monthly"},
		"filters":       {hubrise.Options{Filters: map[string]string{"created_by": "Shop", "customer_id": "x1"}}, "", ""},
		"no filter":     {hubrise.Options{Filters: map[string]string{"total": "1"}}, "filters.total", "created_by, customer_id, private_ref"},
		"status filter": {hubrise.Options{Filters: map[string]string{"status": "new"}}, "filters.status", `statuses = ["new"]`},
		"empty filter":  {hubrise.Options{Filters: map[string]string{"private_ref": ""}}, "filters.private_ref", "is empty"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, c.options.Validate(), c.key, c.text) })
	}
	wantProblem(t, (&hubrise.ListOptions{PageSize: -1}).Validate(), "page_size", "1 to 100")
}

func wantProblem(t *testing.T, got []settings.Problem, key, text string) {
	t.Helper()
	switch {
	case key == "" && len(got) > 0:
		t.Errorf("got %v", got)
	case key != "" && (len(got) != 1 || got[0].Key != key || !strings.Contains(got[0].Text, text)):
		t.Errorf("got %v, want %s: %s", got, key, text)
	}
}

// What makes two definitions different, and what two credentials.
func TestNames(t *testing.T) {
	same := func(a, b hubrise.Options) bool { return a.Fingerprint() == b.Fingerprint() }
	if !same(hubrise.Options{}, hubrise.Options{PageSize: 7, Deep: "off", Locations: []string{paris}}) {
		t.Error("how orders are read makes another definition")
	}
	if !same(hubrise.Options{Statuses: []string{"new", "completed"}}, hubrise.Options{Statuses: []string{"completed", "new"}}) {
		t.Error("the order of statuses makes another definition")
	}
	if same(hubrise.Options{}, hubrise.Options{Statuses: []string{"new"}}) || same(hubrise.Options{}, hubrise.Options{Raw: true}) ||
		same(hubrise.Options{}, hubrise.Options{Filters: map[string]string{"customer_id": "x1"}}) {
		t.Error("other rows make no other definition")
	}
	a, b := newConfig(), newConfig()
	a.ClientID, b.ClientID, b.DeviceID = "client", "client", "staging"
	if a.Credential().Name == b.Credential().Name || a.TokenKey("x") == a.TokenKey("y") || a.TokenKey("x") == b.TokenKey("x") || a.Identity() != b.Identity() {
		t.Errorf("credentials %q and %q, token %q", a.Credential().Name, b.Credential().Name, a.TokenKey("x"))
	}
	a.AccessToken, b.AccessToken = accountToken, locationToken
	if name := a.Credential().Name; name == b.Credential().Name || strings.Contains(name, accountToken) || a.TokenKey("x") != "" {
		t.Errorf("credential %q, token %q", name, a.TokenKey("x"))
	}
	limits := a.Credential().Limits
	if len(limits.Windows) != 3 || !limits.Windows[0].Fixed || limits.Classes["heavy"][0].String() != "10/1m fixed" || limits.Concurrency != 2 || limits.Validate() != nil {
		t.Errorf("limits %+v", limits)
	}
}
