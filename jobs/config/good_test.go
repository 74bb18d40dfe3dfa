package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/robfig/cron/v3"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/ratelimit"
	"exporter/record"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sources"
)

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("testdata/good/jobs.toml", []byte(text), drivers(), env)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func load(t *testing.T, file string) *config.Config {
	t.Helper()
	cfg, err := config.Load(file, drivers(), env)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// comparable leaves out what belongs to the fake drivers.
var comparable = cmp.Options{
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b sources.Driver) bool { return a.Name == b.Name }),
	cmp.Comparer(func(a, b sinks.Driver) bool { return a.Name == b.Name }),
	cmp.Comparer(func(a, b sources.Kind) bool { return a.Name == b.Name }),
	cmp.Comparer(func(a, b settings.Secret) bool { return a.Reveal() == b.Reveal() }),
	cmpopts.IgnoreFields(config.Job{}, "Cron"),
	cmpopts.IgnoreUnexported(config.Job{}),
}

func TestFull(t *testing.T) {
	cfg := load(t, "testdata/good/full.toml")
	dir, err := filepath.Abs("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	wantExporter := config.Exporter{
		Zone: zone(t, "Europe/Berlin"), State: filepath.Join(dir, "var/state.db"), Spool: "/var/spool/exporter",
		SpoolMax: 512 << 20, Key: "from-a-file", HashKey: "0123456789abcdef", Listen: "", ListenHosts: []string{"exporter.example"}, Concurrency: 3,
	}
	if diff := cmp.Diff(wantExporter, cfg.Exporter, comparable); diff != "" {
		t.Errorf("exporter (-want +got):\n%s", diff)
	}
	shop := &config.Source{
		Name: "shop", Driver: sources.Driver{Name: "shop"}, Credential: "shops",
		Settings: &shopConfig{
			BaseURL: "https://shop.example/v1", Account: "acme", Token: "a$b$c-s3cr3t-t0ken-${", Timezone: "America/New_York",
			Insecure: true, Retries: 255, Factor: 2, Timeout: settings.Duration{N: 90, Unit: settings.Second}, Pause: 2 * time.Minute,
			Labels: map[string]string{"team": "shop-of-berlin", "a b": "x"}, CSV: &shopCSV{Delimiter: ";"},
		},
		Limits: ratelimit.Limits{
			Windows:     []ratelimit.Window{{N: 500, Per: time.Minute, Fixed: true}, {N: 10000, Per: 24 * time.Hour, Fixed: true}},
			Classes:     map[string][]ratelimit.Window{"heavy": {{N: 10, Per: time.Minute, Fixed: true}}},
			Concurrency: 2, MaxWait: 10 * time.Minute,
		},
	}
	warehouse := &config.Sink{
		Name: "warehouse", Driver: sinks.Driver{Name: "postgres"},
		Settings: &storeConfig{DSN: "postgres://loader:pa55-w0rd@db.example/warehouse", Schema: "public"},
	}
	lake := &config.Sink{Name: "lake", Driver: sinks.Driver{Name: "lake"}, Settings: &storeConfig{DSN: "bucket@lake", Schema: "exports"}}
	want := &config.Job{
		Name: "orders", Source: shop, Kind: sources.Kind{Name: "orders"}, Sinks: []*config.Sink{lake, warehouse},
		Options: &shopOptions{
			Fields: []string{"id", "total"}, PageSize: 250,
			Filters: map[string]any{"status": []any{"paid", "sent"}, "since": "2026-01-01", "total": map[string]any{"min": 1.5}},
		},
		Table: "shop_orders", Schedule: "CRON_TZ=Asia/Kathmandu 30 3 * * MON-FRI",
		Zone: zone(t, "Asia/Kathmandu"), DataZone: zone(t, "Europe/Lisbon"),
		Interval: settings.Duration{N: 6, Unit: settings.Hour}, Lookback: settings.Duration{N: 3, Unit: settings.Day},
		Heal: 7, Deadline: "06:00",
		Start:  time.Date(2026, 3, 29, 0, 0, 0, 0, zone(t, "Europe/Lisbon")),
		Settle: 90 * time.Minute, Open: true,
		Write: sinks.Replace, Absent: "mark", Empty: "replace", Missed: "skip", Overlap: "queue", Priority: "backfill", Timeout: 36 * time.Hour, PingURL: "https://hc.example/ping/shop-of-berlin",
		Columns: []config.ColumnRule{
			{Name: "total", Action: config.ActionType, Type: record.Numeric},
			{Name: "source.ip", Action: config.ActionHash},
			{Name: "agent", Action: config.ActionDrop},
		},
		Checks: config.Checks{
			MinRows: 1, MaxDrop: 0, MaxRejects: 7, NotNull: []string{"status", "lines.sku"}, Unique: [][]string{{"id"}, {"lines.order_id", "lines.n"}},
			Accepted: []config.Accepted{
				{Column: "status", Values: []string{"paid", "open"}},
				{Column: "paid", Values: []string{"true", "1", "2.5"}},
				{Column: "lines.day", Values: []string{"2026-01-02"}},
			},
		},
	}
	if diff := cmp.Diff(want, cfg.Job("orders"), comparable); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	monday := time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC) // a Saturday in Kathmandu
	if got, want := cfg.Job("orders").Cron.Next(monday), time.Date(2026, 11, 22, 21, 45, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("next firing %s, want %s", got.UTC(), want)
	}
}

func TestOrderAndLookup(t *testing.T) {
	cfg := load(t, "testdata/good/full.toml")
	var names []string
	for _, j := range cfg.Jobs {
		names = append(names, j.Name)
	}
	for _, s := range cfg.Sources {
		names = append(names, s.Name)
	}
	for _, s := range cfg.Sinks {
		names = append(names, s.Name)
	}
	want := []string{"orders", "report-daily", "customers", "ticks", "shop", "shop-2", "clock", "warehouse", "lake"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if cfg.Source("clock") != cfg.Sources[2] || cfg.Sink("lake") != cfg.Sinks[1] || cfg.Job("ticks") != cfg.Jobs[3] {
		t.Error("a name leads to another table")
	}
	if cfg.Source("x") != nil || cfg.Sink("x") != nil || cfg.Job("x") != nil {
		t.Error("an unknown name leads to a table")
	}
}

func TestDefaults(t *testing.T) {
	cfg := load(t, "testdata/good/full.toml")
	newYork := zone(t, "America/New_York")
	day := settings.Duration{N: 1, Unit: settings.Day}
	report := cfg.Job("report-daily")
	want := &config.Job{
		Name: "report-daily", Source: cfg.Source("shop-2"), Kind: sources.Kind{Name: "report"}, Options: &shopOptions{},
		Sinks: []*config.Sink{cfg.Sink("warehouse")}, Table: "report_daily", Schedule: "@daily",
		Zone: zone(t, "Europe/Berlin"), DataZone: newYork, Interval: day, Lookback: settings.Duration{N: 3, Unit: settings.Day}, Heal: 31, // lookback: the stream's
		Write: sinks.Replace, Absent: "mark", Empty: "keep", Missed: "run", Overlap: "skip", Priority: "scheduled", Timeout: 4 * time.Hour,
		Checks: config.Checks{MaxDrop: -1},
	}
	if diff := cmp.Diff(want, report, comparable); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	limits := ratelimit.Limits{Windows: []ratelimit.Window{{N: 20, Per: 10 * time.Second}}, Classes: map[string][]ratelimit.Window{}, Concurrency: 1}
	if diff := cmp.Diff(limits, report.Source.Limits); diff != "" {
		t.Errorf("limits with a class switched off (-want +got):\n%s", diff)
	}
	if got := report.Source.Credential; got != "shop acme" {
		t.Errorf("credential %q", got)
	}
	customers := cfg.Job("customers")
	if customers.Write != sinks.Snapshot || !customers.Interval.IsZero() || !customers.Lookback.IsZero() || customers.Settle != 0 {
		t.Errorf("a stream without intervals has %s, %s, %s", customers.Interval, customers.Lookback, customers.Settle)
	}
	ticks := cfg.Job("ticks")
	if ticks.DataZone.String() != "Europe/Berlin" {
		t.Errorf("data zone %s, want the schedule's where a source has none", ticks.DataZone)
	}
	for job, every := range map[*config.Job]time.Duration{customers: 90 * time.Minute, ticks: 48 * time.Hour} {
		if got, ok := job.Cron.(cron.ConstantDelaySchedule); !ok || got.Delay != every {
			t.Errorf("%s: %v, want every %s", job.Name, job.Cron, every)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "byte order mark": "\xef\xbb\xbf[exporter]\n", "empty sections": "[sources]\n[sinks]\n[jobs]\n"} {
		t.Run(name, func(t *testing.T) {
			cfg := parse(t, text)
			dir, err := filepath.Abs("testdata/good")
			if err != nil {
				t.Fatal(err)
			}
			want := &config.Config{Path: "testdata/good/jobs.toml", Dir: dir, Exporter: config.Exporter{
				Zone: time.UTC, State: filepath.Join(dir, "exporter-state.db"), Spool: filepath.Join(dir, "exporter-spool"),
				SpoolMax: 20 << 30, Listen: "127.0.0.1:8686", Concurrency: 8,
			}}
			if diff := cmp.Diff(want, cfg, comparable, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	cfg, err := config.Load("testdata/none.toml", drivers(), env)
	if cfg != nil || fault.ClassOf(err) != fault.Config || fault.HintOf(err) == "" || config.Errors(err) != nil {
		t.Fatalf("got %v, %v", cfg, err)
	}
	if want := "read configuration testdata/none.toml: no such file or directory"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestExposedSecretFile(t *testing.T) {
	dir := t.TempDir()
	secret, file := filepath.Join(dir, "key"), filepath.Join(dir, "jobs.toml")
	for path, text := range map[string]string{secret: "k\r\n", file: "[exporter]\nkey = \"${file:key}\"\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := load(t, file)
	if len(cfg.Warnings) != 0 || cfg.Exporter.Key.Reveal() != "k" {
		t.Errorf("key %q, warnings %v", cfg.Exporter.Key.Reveal(), cfg.Warnings)
	}
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	want := []config.Issue{{
		File: file, Line: 2, Col: 1, Key: "exporter.key",
		Text: "every user of this machine can read " + secret + "; make it readable for its owner alone: chmod 600",
	}}
	if diff := cmp.Diff(want, load(t, file).Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRenamedAndFrozen(t *testing.T) {
	full, err := os.ReadFile("testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(full), `schema        = "extend"`, "schema        = \"freeze\"\nrenamed_from  = [\"older\", \"old-name\"]", 1)
	job := parse(t, text).Job("orders")
	if d := cmp.Diff([]string{"older", "old-name"}, job.RenamedFrom); d != "" || !job.Freeze {
		t.Errorf("freeze %v, renamed from (-want +got):\n%s", job.Freeze, d)
	}
	before := parse(t, string(full)).Job("orders")
	if config.Fingerprint(before) != config.Fingerprint(job) || before.Freeze {
		t.Error("a renamed or frozen job has another definition")
	}
}
