package config_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata"

	"exporter/jobs/config"
	"exporter/ratelimit"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sources"
)

// shopConfig has a field of every kind the decoder knows.
type shopConfig struct {
	BaseURL  string            `toml:"base_url"`
	Account  string            `toml:"account"`
	Token    settings.Secret   `toml:"token"`
	Timezone string            `toml:"timezone"`
	Insecure bool              `toml:"insecure"`
	Retries  uint8             `toml:"retries"`
	Factor   float64           `toml:"factor"`
	Timeout  settings.Duration `toml:"timeout"`
	Pause    time.Duration     `toml:"pause"`
	Labels   map[string]string `toml:"labels"`
	CSV      *shopCSV          `toml:"csv"`
}

type shopCSV struct {
	Delimiter string `toml:"delimiter"`
}

func (c *shopConfig) Validate() []settings.Problem {
	var p []settings.Problem
	if c.Account == "" {
		p = append(p, settings.Problemf("account", "is missing; write the name of the account"))
	}
	if c.Token == "" {
		p = append(p, settings.Problemf("token", "is missing; write \"${SHOP_TOKEN}\" and set that variable"))
	}
	if u, err := url.Parse(c.BaseURL); err != nil || u.Scheme == "http" && u.Hostname() != "127.0.0.1" {
		p = append(p, settings.Problemf("base_url", "%q would send the token %s in the clear; write https://", c.BaseURL, c.Token.Reveal()))
	}
	if _, err := time.LoadLocation(c.Timezone); c.Timezone == "" || err != nil {
		p = append(p, settings.Problemf("timezone", "is needed because the shop's times carry no zone; write the shop's"))
	}
	return p
}

func (c *shopConfig) Credential() sources.Credential {
	return sources.Credential{Name: "shop " + c.Account, Limits: ratelimit.Limits{
		Windows: []ratelimit.Window{{N: 20, Per: 10 * time.Second}}, Concurrency: 1,
		Classes: map[string][]ratelimit.Window{"heavy": {{N: 1, Per: time.Minute}}},
	}}
}

func (c *shopConfig) Zone() *time.Location {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return nil
	}
	return zone
}

func (c *shopConfig) Identity() string { return "shop/" + c.Account }

type shopOptions struct {
	Fields   []string       `toml:"fields"`
	Filters  map[string]any `toml:"filters"`
	PageSize int            `toml:"page_size"`
}

func (o *shopOptions) Validate() []settings.Problem {
	if o.PageSize < 0 {
		return []settings.Problem{settings.Problemf("page_size", "%d rows cannot be; write 1 or more", o.PageSize)}
	}
	return nil
}

func (o *shopOptions) Fingerprint() string {
	text, err := json.Marshal([]any{o.Fields, o.Filters})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// clockConfig is a second source driver, without a zone, classes or settings.
type clockConfig struct{}

func (clockConfig) Validate() []settings.Problem   { return nil }
func (clockConfig) Credential() sources.Credential { return sources.Credential{Name: "clock"} }
func (clockConfig) Zone() *time.Location           { return nil }
func (clockConfig) Identity() string               { return "clock" }

type storeConfig struct {
	DSN    settings.Secret `toml:"dsn"`
	Schema string          `toml:"schema"`
}

func (c *storeConfig) Validate() []settings.Problem {
	if c.DSN == "" {
		return []settings.Problem{settings.Problemf("dsn", "is missing; write \"${WAREHOUSE_DSN}\" and set that variable")}
	}
	return nil
}

func (c *storeConfig) Target() string {
	_, at, _ := strings.Cut(c.DSN.Reveal(), "@")
	return at + "/" + c.Schema
}

func drivers() config.Drivers {
	options := func() sources.Options { return &shopOptions{} }
	store := func() sinks.Config { return &storeConfig{Schema: "public"} }
	open := func(context.Context, sinks.Config) (sinks.Sink, error) { return nil, context.Canceled }
	return config.Drivers{
		Sources: []sources.Driver{
			{Name: "shop", Config: func() sources.Config { return &shopConfig{BaseURL: "https://shop.example"} }, Kinds: []sources.Kind{
				{Name: "orders", Settle: 15 * time.Minute, Windowed: true, Options: options},
				{Name: "report", DayGrained: true, Windowed: true, Lookback: settings.Duration{N: 3, Unit: settings.Day}, Options: options},
				{Name: "customers", Options: options},
			}},
			{Name: "clock", Config: func() sources.Config { return &clockConfig{} }, Kinds: []sources.Kind{{Name: "ticks", Windowed: true}}},
		},
		Sinks: []sinks.Driver{
			{Name: "postgres", Modes: []sinks.Mode{sinks.Replace, sinks.Snapshot}, Config: store, Open: open},
			{Name: "lake", Modes: []sinks.Mode{sinks.Replace, "append"}, Config: store, Open: open},
		},
	}
}

var variables = map[string]string{
	"SHOP_TOKEN":    "s3cr3t-t0ken",
	"WAREHOUSE_DSN": "postgres://loader:pa55-w0rd@db.example/warehouse",
	"PLAIN":         "shop-of-berlin",
	"EMPTY":         "",
	"HASH_KEY":      "0123456789abcdef",
}

func env(name string) (string, bool) {
	value, ok := variables[name]
	return value, ok
}

// hidden are values that no message may show.
var hidden = []string{"s3cr3t-t0ken", "pa55-w0rd", "hunter2", "from-a-file"}
