package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/sandbox"
)

// TestEveryCommandHasAnExample keeps help useful.
func TestEveryCommandHasAnExample(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s: Short %q, Example %q: both are needed", c.CommandPath(), c.Short, c.Example)
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if !strings.HasPrefix(line, "  exporter ") {
				t.Errorf("%s: example %q does not start with \"  exporter \"", c.CommandPath(), line)
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	p := &program{out: newOutput(io.Discard, io.Discard)}
	visit(p.rootCommand())
}

// invocation is a program whose streams a test holds.
func invocation(args ...string) (Main, *bytes.Buffer, *bytes.Buffer) {
	var out, problems bytes.Buffer
	return Main{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems,
		Env: os.LookupEnv, Args: args, Now: time.Now,
	}, &out, &problems
}

// TestSandboxServesUntilStopped starts it on a free port, asks it, and stops it.
func TestSandboxServesUntilStopped(t *testing.T) {
	m, _, problems := invocation("sandbox", "--listen", "127.0.0.1:0", "--json", "--seed", "3", "--rows-per-day", "5")
	r, w := io.Pipe()
	m.Stdout = w
	ctx, cancel := context.WithCancelCause(t.Context())
	code := make(chan int, 1)
	go func() { code <- m.Run(ctx) }()
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%v; stderr: %s", err, problems)
	}
	var said sandboxObject
	if err := json.Unmarshal(line, &said); err != nil || said.Type != "sandbox" {
		t.Fatalf("said %s (%v), want a sandbox", line, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, said.URL+"/_sandbox/config", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `"rows_per_day":5`) {
		t.Errorf("configuration in force is %s, want rows_per_day 5", body)
	}
	cancel(fault.New(fault.Interrupted, "stopped by SIGINT"))
	if got := <-code; got != 0 {
		t.Errorf("exit code %d after a signal, want 0; stderr: %s", got, problems)
	}
}

// TestSandboxConfigurationIsGood reads what the sandbox prints as a configuration.
func TestSandboxConfigurationIsGood(t *testing.T) {
	f := sandboxFlags{firstDay: "2026-02-03", zone: "America/New_York", limits: []string{"20/10s", "500/1m fixed"}, rows: 10}
	cfg, err := f.config(func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []string{cfg.HasOffers.Networks[0].FirstDay, cfg.OWAPro.Data.FirstDay, cfg.PiwikPRO.Data.FirstDay, cfg.HubRise.Data.FirstDay} {
		if first != f.firstDay {
			t.Errorf("the data of a vendor begin on %q, want %s", first, f.firstDay)
		}
	}
	box, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	text, err := simulated(sandboxTOML, "http://127.0.0.1:8699", box, []string{"warehouse"}, "3d")
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse("jobs.toml", []byte(text), drivers(), os.LookupEnv)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if names := jobNames(got); !slices.Equal(names, []string{
		"conversions", "channels", "customers", "channel-names", "piwik-channels", "piwik-sessions", "piwik-apps", "hub", "crm", "shops",
	}) || len(got.Warnings) > 0 {
		t.Errorf("jobs %v, warnings %v", names, got.Warnings)
	}
	for source, want := range map[string]string{
		"tune":  "[20/10s 500/1m fixed] map[]",
		"hurra": "[2/1s] map[]",
		"piwik": "[] map[get:[600/1m] post:[60/1m]]",
		"shop":  "[500/1m fixed 2500/1h fixed 10000/1d fixed] map[heavy:[10/1m fixed]]",
	} {
		l := got.Source(source).Limits
		if text := fmt.Sprint(l.Windows, l.Classes); text != want {
			t.Errorf("limits of %s: %s, want %s of the sandbox", source, text, want)
		}
	}
}

// TestSandboxFlags are read over a file of settings, and mistakes are exit code 2.
func TestSandboxFlags(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := dir + "/" + name
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	settings := write("settings.json", `{"seed": 9, "hasoffers": {"networks": [{"rows_per_day": 7, "timezone": "Europe/Prague"}]}}`)
	rules := write("faults.json", `[{"kind": "status", "status": 503, "times": 1}]`)
	f := sandboxFlags{settings: settings, faults: rules, rows: 11, seed: 1, zone: "UTC"}
	cfg, err := f.config(func(flag string) bool { return flag == "rows-per-day" })
	if err != nil {
		t.Fatal(err)
	}
	n := cfg.HasOffers.Networks[0]
	if cfg.Seed != 9 || n.RowsPerDay != 11 || n.Timezone != "Europe/Prague" || len(cfg.HasOffers.Faults) != 1 {
		t.Errorf("got seed %d, %+v, %d faults; want the file's, with 11 rows a day", cfg.Seed, n, len(cfg.HasOffers.Faults))
	}
	for name, args := range map[string][]string{
		"missing settings": {"sandbox", "--settings", dir + "/none.json"},
		"unknown setting":  {"sandbox", "--settings", write("bad.json", `{"colour": 1}`)},
		"bad fault":        {"sandbox", "--faults", write("odd.json", `[{"kind": "odd"}]`)},
		"unknown fault":    {"sandbox", "--faults", write("key.json", `[{"knd": "html"}]`)},
		"bad zone":         {"sandbox", "--timezone", "Mars/Olympus"},
		"bad limit":        {"sandbox", "--limits", "lots"},
	} {
		m, _, problems := invocation(args...)
		if got := m.Run(t.Context()); got != 2 || !strings.HasPrefix(problems.String(), "error: ") {
			t.Errorf("%s: exit code %d, stderr %q; want 2 and an error", name, got, problems)
		}
	}
}

// TestOutputThatCannotBeWritten is a failure, not a silence.
func TestOutputThatCannotBeWritten(t *testing.T) {
	m, _, problems := invocation("version")
	r, w := io.Pipe()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	m.Stdout = w
	if got := m.Run(t.Context()); got != 1 || !strings.Contains(problems.String(), "error: write output: ") {
		t.Errorf("exit code %d, stderr %q; want 1 and the reason", got, problems)
	}
}
