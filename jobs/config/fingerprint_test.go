package config_test

import (
	"regexp"
	"strings"
	"testing"

	"exporter/jobs/config"
)

const fingerprinted = `
[exporter]
hash_key = "0123"
[sources.shop]
driver = "shop"
account = "acme"
token = "t"
timezone = "America/New_York"
[sinks.warehouse]
driver = "postgres"
dsn = "x@y"
[jobs.orders]
source = "shop"
stream = "orders"
sinks = ["warehouse"]
schedule = "@daily"
interval = "1d"
[jobs.orders.options]
fields = ["id"]
filters = { a = 1, b = 2 }
[jobs.orders.columns]
total = "numeric"
agent = "drop"
`

func TestFingerprint(t *testing.T) {
	base := config.Fingerprint(parse(t, fingerprinted).Job("orders"))
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(base) {
		t.Fatalf("got %q, want 32 hex digits", base)
	}
	// Slices that are committed carry it: it may not change from version to version.
	if want := "aa9e238cc73b52daadf341f58ef1af90"; base != want {
		t.Errorf("got %s, want %s", base, want)
	}
	for _, c := range []struct {
		name, old, new string
		changes        bool
	}{
		{"account", `"acme"`, `"other"`, true},
		{"stream", `"orders"` + "\nsinks", `"report"` + "\nsinks", true},
		{"options", `["id"]`, `["id", "total"]`, true},
		{"filter", `b = 2`, `b = 3`, true},
		{"type of a column", `"numeric"`, `"text"`, true},
		{"action of a column", `"drop"`, `"hash"`, true},
		{"one rule less", `agent = "drop"`, ``, true},
		{"zone of the data", `interval =`, "data_timezone = \"UTC\"\ninterval =", true},
		{"interval", `"1d"`, `"1h"`, false},
		{"schedule", `"@daily"`, `"@hourly"`, false},
		{"table", `interval =`, "table = \"x\"\ninterval =", false},
		{"token", `"t"`, `"u"`, false},
		{"hash key without hashed columns", `"0123"`, `"4567"`, false},
		{"order of rules", "total = \"numeric\"\nagent = \"drop\"", "agent = \"drop\"\ntotal = \"numeric\"", false},
		{"order of filters", `a = 1, b = 2`, `b = 2, a = 1`, false},
		{"names", `shop]`, `shop2]`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(fingerprinted, c.old, c.new, 1)
			if c.name == "names" {
				text = strings.ReplaceAll(text, `source = "shop"`, `source = "shop2"`)
			}
			got := config.Fingerprint(parse(t, text).Job("orders"))
			if text == fingerprinted || (got != base) != c.changes {
				t.Errorf("got %s, base %s; want a change: %v", got, base, c.changes)
			}
		})
	}
}

func TestFingerprintOfHashedColumns(t *testing.T) {
	text := strings.Replace(fingerprinted, `"drop"`, `"hash"`, 1)
	a := config.Fingerprint(parse(t, text).Job("orders"))
	b := config.Fingerprint(parse(t, strings.Replace(text, `"0123"`, `"4567"`, 1)).Job("orders"))
	if a == b {
		t.Error("another hash key makes other rows, but the fingerprint is the same")
	}
}
