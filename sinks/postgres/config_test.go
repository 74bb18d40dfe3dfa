package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"exporter/settings"
	"exporter/sinks/postgres"
)

func TestValidate(t *testing.T) {
	t.Setenv("PGSERVICEFILE", "/nowhere")
	const good = "postgres://loader:s3cret@db.example:5432/warehouse"
	for name, c := range map[string]struct {
		change func(*postgres.Config)
		want   []string // key and how the text starts
	}{
		"good":        {func(*postgres.Config) {}, nil},
		"no dsn":      {func(c *postgres.Config) { c.DSN = "" }, []string{"dsn: is missing"}},
		"no URL":      {func(c *postgres.Config) { c.DSN = "s3cret" }, []string{"dsn: is neither a URL"}},
		"bad escape":  {func(c *postgres.Config) { c.DSN = "postgres://u:s3cret%zz@h/d" }, []string{"dsn: is neither a URL"}},
		"slash":       {func(c *postgres.Config) { c.DSN = "postgres://u:s3cret/s3cret@h/d" }, []string{"dsn: has a port that is not a number from 1 to 65535; in a URL, write @"}},
		"port":        {func(c *postgres.Config) { c.DSN = "postgres://u:s3cret@h:99999/d" }, []string{"dsn: has a port that"}},
		"sslmode":     {func(c *postgres.Config) { c.DSN = good + "?sslmode=s3cret" }, []string{"dsn: has TLS settings that cannot be used: sslmode is invalid"}},
		"certificate": {func(c *postgres.Config) { c.DSN = good + "?sslmode=verify-full&sslrootcert=/nowhere/ca.pem" }, []string{"dsn: has TLS settings that cannot be used: unable to read CA file"}},
		"keywords":    {func(c *postgres.Config) { c.DSN = "host=h password='s3cret" }, []string{"dsn: is neither a URL"}},
		"pool":        {func(c *postgres.Config) { c.DSN = good + "?pool_max_conns=s3cret" }, []string{"dsn: has a pool_… setting"}},
		"timeout":     {func(c *postgres.Config) { c.DSN = good + "?connect_timeout=s3cret" }, []string{"dsn: has a connect_timeout"}},
		"session":     {func(c *postgres.Config) { c.DSN = good + "?target_session_attrs=s3cret" }, []string{"dsn: has an unknown target_session_attrs"}},
		"all at once": {
			func(c *postgres.Config) {
				c.DSN, c.Schema, c.LedgerSchema, c.GrantSelect = "", "pg_mine", "", []string{"analyst", ""}
			},
			[]string{"dsn: is missing", "schema: is a schema of PostgreSQL itself", "ledger_schema: is missing", "grant_select[1]: is not the name of a role"},
		},
		"one schema":  {func(c *postgres.Config) { c.LedgerSchema = "marketing" }, []string{"ledger_schema: is the schema of the tables too"}},
		"long schema": {func(c *postgres.Config) { c.Schema = strings.Repeat("x", 64) }, []string{"schema: is not the name of a schema"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(good, c.change)
			var got []string
			for i, p := range cfg.Validate() {
				line := p.Key + ": " + p.Text
				if strings.Contains(line, "s3cret") {
					t.Errorf("the problem shows a part of the DSN: %s", line)
				}
				if i < len(c.want) && strings.HasPrefix(line, c.want[i]) {
					line = c.want[i]
				}
				got = append(got, line)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
			if text := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.Target()); strings.Contains(text, "s3cret") {
				t.Errorf("the settings print the DSN: %s", text)
			}
		})
	}
}

func TestTarget(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:p@db.example/warehouse":                                          "db.example:5432/warehouse/marketing",
		"postgres://u:p@db.example:6000/warehouse?sslmode=disable":                     "db.example:6000/warehouse/marketing",
		"host=10.0.0.1 port=5433 user=u password=p dbname=w":                           "10.0.0.1:5433/w/marketing",
		"postgres://u:p@a:1,b:2/w":                                                     "a:1,b:2/w/marketing",
		"postgres://u:p@[::1]:5432/w":                                                  "[::1]:5432/w/marketing",
		"postgres://other:q@db.example/warehouse?application_name=x&pool_max_conns=33": "db.example:5432/warehouse/marketing",
	} {
		if got := config(dsn).Target(); got != want {
			t.Errorf("target of %s is %s, want %s", dsn, got, want)
		}
	}
}

func TestSample(t *testing.T) {
	d := postgres.Driver()
	var file struct {
		Sinks map[string]struct {
			Driver string `toml:"driver"`
			*postgres.Config
		} `toml:"sinks"`
	}
	// Every line that is only commented out must be right, too.
	text := strings.ReplaceAll(d.Sample, "\n# ledger_schema", "\nledger_schema")
	text = strings.ReplaceAll(text, "\n# grant_select", "\ngrant_select")
	dec := toml.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "${WAREHOUSE_DSN}", "postgres://u:p@h/d")))
	if err := dec.DisallowUnknownFields().Decode(&file); err != nil {
		t.Fatal(err)
	}
	got := file.Sinks["warehouse"]
	want := &postgres.Config{DSN: settings.Secret("postgres://u:p@h/d"), Schema: "marketing", LedgerSchema: "exporter", GrantSelect: []string{"analyst"}}
	if d := cmp.Diff(want, got.Config); d != "" || got.Driver != d0(t) {
		t.Errorf("driver %s, settings (-want +got):\n%s", got.Driver, d)
	}
	if p := got.Validate(); len(p) > 0 {
		t.Errorf("the sample is refused: %v", p)
	}
}

func d0(t *testing.T) string { t.Helper(); return postgres.Driver().Name }
