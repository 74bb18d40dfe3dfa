package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/sandbox"
	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/owapro"
)

func (p *program) sandboxCommand() *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the vendors' APIs from this machine, to try jobs without credentials",
		Long: `sandbox plays HasOffers, OWAPro, Piwik PRO and HubRise, login pages included, and prints a
configuration that reads all four. It runs until it is stopped. Rows are a function of the
seed: the same seed gives the same rows. Limits are those of the vendors.

Under /_sandbox/ it can be watched and changed while it runs, with JSON, as in
curl -d '{"piwikpro": {"limits": {"post": ["6/1m"]}}}' http://127.0.0.1:8699/_sandbox/config
  GET  config               all switches, as --settings takes them
  POST config               sets some: {"hubrise": {"answers": {"decimals": "numbers"}}}
  GET  counters?window=10s  requests so far, and the most in any such window; DELETE begins anew
  POST faults               breaks answers: {"kind": "status", "status": 503, "times": 2}
  GET  faults               how often each fired; DELETE removes them
  POST restate              HasOffers changes what it said: {"day": "2026-01-03", "rows": 3}
  POST owapro/restate       OWAPro does: {"customer": 4711, "day": "2026-01-03"}
  POST piwikpro/restate     Piwik PRO does: {"site": "5e1f…", "day": "2026-01-03"}
  POST hubrise/mutate       HubRise does: {"kind": "status", "location": "3r4s3-1", "day": "2026-01-03", "orders": 2}

It is open to everyone who reaches it and belongs on loopback only.`,
		Example: `  exporter sandbox --out jobs.toml     # then, elsewhere: exporter run --all
  exporter sandbox --listen 127.0.0.1:0 --json
  exporter sandbox --rows-per-day 100000 --limits 500/1m --faults faults.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.sandbox(cmd, f) },
	}
	d := cmd.Flags()
	d.StringVar(&f.listen, "listen", "127.0.0.1:8699", "`address`; port 0 takes a free one")
	d.StringVar(&f.out, "out", "", "`file` for the configuration, in place of stdout; one that is there is not overwritten")
	d.Uint64Var(&f.seed, "seed", 1, "decides every row")
	d.IntVar(&f.rows, "rows-per-day", 100, "HasOffers: conversions a day")
	d.StringVar(&f.firstDay, "first-day", "2026-01-01", "`date` of the first data")
	d.StringVar(&f.zone, "timezone", "America/New_York", "HasOffers: of the network's datetimes")
	d.StringSliceVar(&f.limits, "limits", []string{"20/10s"}, "HasOffers: `windows` it enforces; none with \"\"")
	d.StringVar(&f.faults, "faults", "", "JSON `file` with a list of faults")
	d.StringVar(&f.settings, "settings", "", "JSON `file` with all switches; flags win over it")
	return cmd
}

type sandboxFlags struct {
	listen, out, firstDay, zone, faults, settings string
	seed                                          uint64
	rows                                          int
	limits                                        []string
}

// sandboxObject says where the sandbox is to be found.
type sandboxObject struct {
	Type string `json:"type"` // sandbox
	URL  string `json:"url"`
}

func (p *program) sandbox(cmd *cobra.Command, f sandboxFlags) error {
	cfg, err := f.config(cmd.Flags().Changed)
	if err != nil {
		return err
	}
	box, err := sandbox.New(cfg)
	if err != nil {
		return usageError(err)
	}
	ctx := cmd.Context()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fault.New(fault.Permanent, "listen on %s: %w", f.listen, err).WithHint("Take another address with --listen; port 0 takes a free port.")
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		p.out.warn(fmt.Sprintf("the sandbox on %s has no logins worth the name: everyone who reaches it can use it", a))
	}
	url := "http://" + l.Addr().String()
	if p.out.json {
		p.out.object(sandboxObject{Type: "sandbox", URL: url})
	} else {
		text, err := simulated(sandboxTOML, url, box, []string{"warehouse"}, "3d")
		if err != nil {
			return err
		}
		if err := p.handOut(f.out, url, text); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	return serve(ctx, l, box.Handler())
}

// handOut writes the configuration of a sandbox, to stdout or into a file that a person
// may have changed since: that one stays. It says what comes next.
func (p *program) handOut(path, url, text string) error {
	p.out.note("Four vendors are played at %s until this is stopped (Ctrl-C).", url)
	if path == "" {
		p.out.data(text)
		next := "Their configuration went to stdout."
		if terminal(p.Stdout) > 0 {
			next = "Save what is printed above as jobs.toml, or begin again with --out jobs.toml."
		}
		p.out.note("%s Next, beside that file, in a second terminal: exporter validate --connect", next)
		return nil
	}
	had, err := os.ReadFile(path)
	switch {
	case err == nil && strings.HasPrefix(string(had), "# The sandbox plays four vendors at "+url+" "):
		p.out.note("%s reads them already and stays as it is.", path)
	case err == nil:
		return fault.New(fault.Config, "%s is there already and not of a sandbox at %s", path, url).WithHint("Name another file with --out, or remove it.")
	default:
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fault.New(fault.Config, "write the configuration: %w", err).WithHint("Name another file with --out.")
		}
		p.out.note("Wrote %s, which reads them.", path)
	}
	p.out.note("Next, in a second terminal: %s validate --connect", commandOf(path))
	return nil
}

// config is the settings file with the flags over it.
func (f *sandboxFlags) config(set func(flag string) bool) (sandbox.Config, error) {
	cfg := sandbox.Default()
	given := f.settings != ""
	if given {
		data, err := os.ReadFile(f.settings)
		if err != nil {
			return cfg, usageError(fmt.Errorf("--settings: %w", err))
		}
		if cfg, err = sandbox.Parse(data); err != nil {
			return cfg, usageError(fmt.Errorf("--settings %s: %w", f.settings, err))
		}
	}
	wins := func(flag string) bool { return !given || set(flag) }
	if wins("seed") {
		cfg.Seed = f.seed
	}
	if len(cfg.OWAPro.OAuth.Clients) == 0 {
		cfg.OWAPro.OAuth.Clients = []owapro.Client{{RefreshToken: simulatedToken}}
	}
	if len(cfg.HasOffers.Networks) == 0 {
		cfg.HasOffers.Networks = []hasoffers.Network{{}}
	}
	n := &cfg.HasOffers.Networks[0]
	if wins("rows-per-day") {
		n.RowsPerDay = f.rows
		if f.rows == 0 {
			n.RowsPerDay = -1 // 0 would mean the default
		}
	}
	if wins("first-day") {
		n.FirstDay, cfg.OWAPro.Data.FirstDay = f.firstDay, f.firstDay
		cfg.PiwikPRO.Data.FirstDay, cfg.HubRise.Data.FirstDay = f.firstDay, f.firstDay
	}
	if wins("timezone") {
		n.Timezone = f.zone
	}
	if wins("limits") {
		cfg.HasOffers.Gateway.Limits, cfg.HasOffers.NetworkAPI.Limits = f.limits, f.limits
	}
	return cfg, f.addFaults(&cfg)
}

func (f *sandboxFlags) addFaults(cfg *sandbox.Config) error {
	if f.faults == "" {
		return nil
	}
	data, err := os.ReadFile(f.faults)
	if err != nil {
		return usageError(fmt.Errorf("--faults: %w", err))
	}
	var rules []faults.Rule
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&rules); err != nil {
		return usageError(fmt.Errorf("--faults %s: %w", f.faults, err))
	}
	cfg.HasOffers.Faults = append(cfg.HasOffers.Faults, rules...)
	return nil
}

// serve answers until ctx ends.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the sandbox: %w", err)
	case <-ctx.Done():
	}
	err := srv.Close() // stalled answers would keep a graceful end from ending
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
