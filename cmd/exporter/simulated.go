package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"exporter/sandbox"
)

// simulatedToken is the refresh token of simulated OWAPro accounts, so that nobody
// has to log in. It is worth nothing elsewhere.
const simulatedToken = "refresh-token-of-the-sandbox"

var (
	//go:embed vendors.toml
	vendorsTOML string
	//go:embed sandbox.toml
	sandboxTOML string
	//go:embed demo.toml
	demoTOML string
)

// simulated writes a configuration that reads a sandbox: text, which takes its
// sources and jobs from vendors.toml.
func simulated(text, url string, box *sandbox.Sandbox, sink, lookback string) (string, error) {
	list := func(all []string) string {
		quoted := make([]string, len(all))
		for i, one := range all {
			quoted[i] = strconv.Quote(one)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	tune, hurra := box.HasOffers().Config(), box.OWAPro().Config()
	vendors := template.Must(template.New("vendors").Funcs(template.FuncMap{"list": list}).Parse(vendorsTOML))
	var out strings.Builder
	err := template.Must(vendors.New("").Parse(text)).Execute(&out, map[string]any{
		"URL": url, "Sink": sink, "Lookback": lookback,
		"Network": tune.Networks[0], "Integrator": tune.Integrators[0], "TuneLimits": tune.Gateway.Limits,
		"Client": hurra.OAuth.Clients[0], "Report": hurra.Data.Reports[0], "HurraLimits": hurra.Limits.Windows,
	})
	if err != nil {
		return "", fmt.Errorf("write the configuration of simulated vendors: %w", err)
	}
	return strings.TrimRight(out.String(), "\n") + "\n", nil
}
