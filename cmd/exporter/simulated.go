package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"exporter/sandbox"
	"exporter/sandbox/hubrise"
	"exporter/sandbox/piwikpro"
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
func simulated(text, url string, box *sandbox.Sandbox, sinks []string, lookback string) (string, error) {
	list := func(all []string) string {
		quoted := make([]string, len(all))
		for i, one := range all {
			quoted[i] = strconv.Quote(one)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	tune, hurra, piwik, shop := box.HasOffers().Config(), box.OWAPro().Config(), box.PiwikPRO().Config(), box.HubRise().Config()
	vendors := template.Must(template.New("vendors").Funcs(template.FuncMap{"list": list}).Parse(vendorsTOML))
	var out strings.Builder
	err := template.Must(vendors.New("").Parse(text)).Execute(&out, map[string]any{
		"URL": url, "Sinks": sinks, "Lookback": lookback,
		"Network": tune.Networks[0], "Integrator": tune.Integrators[0], "TuneLimits": tune.Gateway.Limits,
		"Client": hurra.OAuth.Clients[0], "Report": hurra.Data.Reports[0], "HurraLimits": hurra.Limits.Windows,
		"PiwikClient": piwik.Auth.Clients[0], "PiwikLimits": piwik.Limits, "Sites": readable(piwik.Data.Sites),
		"ShopClient": shop.OAuth.Clients[0], "ShopToken": tokenOf(shop.OAuth.Tokens), "ShopZone": zoneOf(shop.Data.Accounts), "ShopLimits": shop.Limits,
	})
	if err != nil {
		return "", fmt.Errorf("write the configuration of simulated vendors: %w", err)
	}
	return strings.TrimRight(out.String(), "\n") + "\n", nil
}

// sites are those a job of a simulated Piwik PRO reads.
type sites struct {
	Zone string
	IDs  []string // nil = all
}

// readable returns the sites that can be read together: all, if they are of one
// zone, else the first that the login may see.
func readable(all []piwikpro.Site) sites {
	of := sites{Zone: "UTC"}
	for _, s := range all {
		switch {
		case s.Forbidden || s.NoLicense:
		case of.IDs == nil:
			of = sites{Zone: s.Timezone, IDs: []string{s.ID}}
		case s.Timezone != of.Zone:
			return of
		}
	}
	of.IDs = nil
	return of
}

// tokenOf returns a token that a simulated HubRise has given out, "" if none.
func tokenOf(all []hubrise.Token) string {
	if len(all) == 0 {
		return ""
	}
	return all[0].Token
}

// zoneOf returns the zone of the first location, "" if there is none.
func zoneOf(all []hubrise.Account) string {
	if len(all) == 0 || len(all[0].Locations) == 0 {
		return ""
	}
	return all[0].Locations[0].Zone
}
