package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/sources/httpapi"
	"exporter/state"
)

// Three sources of one app, whose keys begin alike, one with a session cookie and
// one of a network whose key stands in the configuration.
const authTOML = `[sources.hurra]
driver = "owapro"
client_id = "app"
client_secret = "secret"
[sources.hurra-two]
driver = "owapro"
client_id = "app"
client_secret = "secret"
[sources.other]
driver = "owapro"
client_id = "app hurra"
client_secret = "secret"
[sources.cookie]
driver = "owapro"
hasid = "session"
[sources.tune]
driver = "hasoffers"
api = "network"
network_id = "acme"
network_token = "NETsecret"
timezone = "America/New_York"
`

// authStatus runs auth status with these tokens of hurra, hurra-two and other stored.
func authStatus(t *testing.T, tokens map[string]httpapi.Token, args ...string) (stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "jobs.toml")
	text := "[exporter]\nstate = " + strconv.Quote("sqlite:"+filepath.Join(dir, "state.db")) + "\n" + authTOML
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return today }
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"), state.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for key, token := range tokens {
		if err := s.SaveToken(t.Context(), key, token); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	m, out, problems := invocation(append([]string{"--config", path, "auth", "status"}, args...)...)
	m.Now = now
	if code := m.Run(t.Context()); code != 0 {
		t.Fatalf("exit code %d: %s", code, problems)
	}
	return out.String(), problems.String()
}

// TestAuthStatusShowsEverySourceItsOwnToken: tokens of one app differ in the
// source's name only, which may be the beginning of another's.
func TestAuthStatusShowsEverySourceItsOwnToken(t *testing.T) {
	end := today.AddDate(1, 0, 0).Add(-time.Hour)
	out, problems := authStatus(t, map[string]httpapi.Token{
		"owapro account.hurra.com app hurra-two":   {Access: "a", Refresh: "r", Expires: today.Add(time.Hour), RefreshExpires: end},
		"owapro account.hurra.com app hurra other": {Access: "a", Refresh: "r", Expires: today.Add(-time.Hour)},
	})
	want := `SOURCE     DRIVER     TOKEN                                     STATE        SAVED                    EXPIRES
hurra      owapro     owapro account.hurra.com app hurra        none stored  -                        -
hurra-two  owapro     owapro account.hurra.com app hurra-two    valid        2026-11-22 17:00:00 UTC  2026-11-22 18:00:00 UTC
other      owapro     owapro account.hurra.com app hurra other  expired      2026-11-22 17:00:00 UTC  2026-11-22 16:00:00 UTC
cookie     owapro     -                                         needs none   -                        -
tune       hasoffers  -                                         needs none   -                        -
hurra-two: login needed again by 2027-11-22, in 364 days
`
	if out != want || problems != "" {
		t.Errorf("got\n%s\n%s\nwant\n%s", out, problems, want)
	}
}

func TestAuthStatusWarnsOfALoginThatEnds(t *testing.T) {
	const key = "owapro account.hurra.com app hurra"
	for name, test := range map[string]struct {
		left       time.Duration
		text, warn string
	}{
		"31 days":   {31 * 24 * time.Hour, "login needed again by 2026-12-23, in 31 days", ""},
		"30 days":   {30 * 24 * time.Hour, "login needed again by 2026-12-22, in 30 days", "ends on 2026-12-22, in 30 days; then every run fails"},
		"7 days":    {7 * 24 * time.Hour, "login needed again by 2026-11-29, in 7 days", "ends on 2026-11-29, in 7 days; then every run fails"},
		"1 day":     {25 * time.Hour, "login needed again by 2026-11-23, in 1 day", "ends on 2026-11-23, in 25 hours; then every run fails"},
		"it is now": {0, "login needed, the last one ended on 2026-11-22", "ended on 2026-11-22 and every run fails"},
		"long ago":  {-72 * time.Hour, "login needed, the last one ended on 2026-11-19", "ended on 2026-11-19 and every run fails"},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := map[string]httpapi.Token{key: {Access: "a", Refresh: "r", RefreshExpires: today.Add(test.left)}}
			out, problems := authStatus(t, tokens)
			if !strings.Contains(out, "\nhurra: "+test.text+"\n") {
				t.Errorf("got\n%s\nwant %s", out, test.text)
			}
			if test.warn == "" && problems != "" {
				t.Errorf("warned: %s", problems)
			}
			if test.warn != "" && !strings.HasPrefix(problems, "warning: the login of source hurra "+test.warn+": run `exporter auth login hurra`") {
				t.Errorf("got %q, want a warning that it %s", problems, test.warn)
			}
		})
	}
}

func TestAuthStatusForPrograms(t *testing.T) {
	out, problems := authStatus(t, map[string]httpapi.Token{
		"owapro account.hurra.com app hurra": {Access: "a", Refresh: "r", Expires: today.Add(time.Hour), RefreshExpires: today.Add(48 * time.Hour)},
	}, "--json")
	for _, want := range []string{
		`{"type":"auth","source":"hurra","driver":"owapro","token":"owapro account.hurra.com app hurra","stored":true,` +
			`"saved_at":"2026-11-22T17:00:00Z","expires_at":"2026-11-22T18:00:00Z","expired":false,"refresh_expires_at":"2026-11-24T17:00:00Z"}`,
		`{"type":"auth","source":"hurra-two","driver":"owapro","token":"owapro account.hurra.com app hurra-two","stored":false,"expired":false}`,
		`{"type":"auth","source":"cookie","driver":"owapro","token":"","stored":false,"expired":false}`,
	} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("got\n%s\nwant %s", out, want)
		}
	}
	if problems != "" {
		t.Errorf("stderr: %s", problems)
	}
}

// TestLoginWithASessionCookie names the key and the variable, and is a mistake of
// the configuration.
func TestLoginWithASessionCookie(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.toml")
	if err := os.WriteFile(path, []byte(authTOML), 0o600); err != nil {
		t.Fatal(err)
	}
	m, _, problems := invocation("--config", path, "auth", "login", "cookie")
	code := m.Run(t.Context())
	want := "error: source cookie logs in with the session cookie of a user and has no login to make\n" +
		"hint: The value of the cookie HASID belongs into hasid of [sources.cookie]: write hasid = \"${OWAPRO_HASID}\" and set that variable. " +
		"To log in here, write client_id and client_secret instead.\n"
	if code != 2 || problems.String() != want {
		t.Errorf("exit code %d, said\n%swant 2 and\n%s", code, problems, want)
	}
}
