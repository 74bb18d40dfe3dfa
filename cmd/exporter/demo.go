package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
	"exporter/sandbox"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/hubrise"
	"exporter/sandbox/owapro"
	"exporter/sandbox/piwikpro"
	"exporter/state"
)

func (p *program) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Load four simulated vendors into an SQLite file and Parquet, to see what there is",
		Long: `demo plays HasOffers, OWAPro, Piwik PRO and HubRise on this machine, loads a week of
each into an SQLite file and a folder of Parquet files, shows what is in them, and ends.
It needs no account, no server and no network.

Everything it makes is in one folder: jobs.toml, the configuration to look at; demo.db,
the loaded tables; lake, the same as Parquet; and the state. A second call loads what has
changed since, and the folder may be removed at any time.

With --serve the vendors, the scheduler and its status page (http://127.0.0.1:8686/) stay
until stopped, so that other commands can be tried on them in a second terminal.`,
		Example: `  exporter demo
  exporter demo --dir /tmp/demo
  exporter demo --serve                # elsewhere: exporter --config exporter-demo/jobs.toml run conversions
  exporter demo --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.demo(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.dir, "dir", "exporter-demo", "`folder` for everything the demo makes")
	cmd.Flags().BoolVar(&f.serve, "serve", false, "stay, and run the jobs by their schedules until stopped")
	return cmd
}

type demoFlags struct {
	dir   string
	serve bool
}

const (
	demoDays  = 30 // of data at the vendors
	demoMark  = "# Written by `exporter demo`"
	demoLimit = "50/1s"
	demoZone  = "Europe/Berlin"

	demoDatabase = "demo.db" // as in demo.toml
	demoLake     = "lake"    // likewise
)

func (p *program) demo(ctx context.Context, f demoFlags) (err error) {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fault.New(fault.Config, "make the folder of the demo: %w", err).WithHint("Name another folder with --dir.")
	}
	p.flags.config = filepath.Join(f.dir, "jobs.toml")
	before, err := demoBefore(p.flags.config)
	if err != nil {
		return err
	}
	l, err := listenDemo(ctx, before)
	if err != nil {
		return err
	}
	box, err := sandbox.New(demoVendors(p.Now(), f.serve))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- serve(serving, l, box.Handler()) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	if err := writeDemo(p.flags.config, "http://"+l.Addr().String(), box); err != nil {
		return err
	}
	if err := p.loadDemo(ctx, f); err != nil || p.code != jobs.ExitOK || !f.serve {
		return err
	}
	return p.serveJobs(ctx, time.Minute)
}

// demoVendors are the vendors as they are at an instant, or from it on.
func demoVendors(now time.Time, moving bool) sandbox.Config {
	at, first := now.UTC().Format(time.RFC3339), now.AddDate(0, 0, -demoDays).UTC().Format(time.DateOnly)
	if moving {
		at = "" // the clock's
	}
	return sandbox.Config{
		Seed: 1,
		HasOffers: hasoffers.Config{
			Networks: []hasoffers.Network{{FirstDay: first, Now: at}},
			Gateway:  hasoffers.Gateway{Limits: []string{demoLimit}},
		},
		OWAPro: owapro.Config{
			OAuth:  owapro.OAuth{Clients: []owapro.Client{{RefreshToken: simulatedToken}}},
			Limits: owapro.Limits{Windows: []string{demoLimit}, Concurrent: 2},
			Data:   owapro.Data{FirstDay: first, Now: at},
		},
		PiwikPRO: piwikpro.Config{
			Limits: piwikpro.Limits{Get: []string{demoLimit}, Post: []string{demoLimit}},
			Data: piwikpro.Data{FirstDay: first, Now: at, Sites: []piwikpro.Site{
				{Name: "Demo Shop", Timezone: demoZone, Sessions: 150}, {Name: "Gartenmöbel Süd", Timezone: demoZone, Sessions: 50},
			}},
		},
		HubRise: hubrise.Config{
			Limits: hubrise.Limits{Windows: []string{demoLimit}},
			Data: hubrise.Data{FirstDay: first, Now: at, Accounts: []hubrise.Account{{
				ID: "3r4s3", Name: "Bella Pizza", Locations: []hubrise.Location{{Name: "Hamburg", Zone: demoZone}, {Name: "Munich", Zone: demoZone}},
			}}},
		},
	}
}

var demoAddress = regexp.MustCompile(`http://(127\.0\.0\.1:[0-9]+)`)

// demoBefore returns where the demo before this one served, "" if there was none.
// A configuration that somebody else wrote is not overwritten.
func demoBefore(path string) (address string, err error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fault.New(fault.Config, "read the demo's configuration: %w", err)
	case !strings.HasPrefix(string(data), demoMark):
		return "", fault.New(fault.Config, "%s is not the demo's", path).WithHint("Name another folder with --dir.")
	}
	if m := demoAddress.FindStringSubmatch(string(data)); m != nil {
		address = m[1]
	}
	return address, nil
}

// listenDemo takes the address of the demo before, so that its accounts are the
// same to the state, or a free one.
func listenDemo(ctx context.Context, before string) (net.Listener, error) {
	var lc net.ListenConfig
	if before != "" {
		if l, err := lc.Listen(ctx, "tcp", before); err == nil {
			return l, nil
		}
	}
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.New(fault.Permanent, "listen for the demo: %w", err).WithHint("The simulated vendors need a port of 127.0.0.1.")
	}
	return l, nil
}

func writeDemo(path, url string, box *sandbox.Sandbox) error {
	text, err := simulated(demoTOML, url, box, []string{"local", "lake"}, "7d")
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		return fault.New(fault.Config, "write the demo's configuration: %w", err).WithHint("Name another folder with --dir.")
	}
	return nil
}

// loadDemo runs the jobs of the demo and shows what they loaded.
func (p *program) loadDemo(ctx context.Context, f demoFlags) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if given := p.flags.logLevel; given == "" { // the tables tell what was done
		p.flags.logLevel = "warn"
		defer func() { p.flags.logLevel = given }()
	}
	p.out.note("Four vendors are played on this machine; their data goes into %s, and as Parquet into %s.",
		filepath.Join(f.dir, demoDatabase), filepath.Join(f.dir, demoLake))
	requests, err := (&runFlags{all: true}).requests(cfg, nil, p.Now())
	if err != nil {
		return err
	}
	rep := newReport(p, cfg)
	runs, err := p.work(ctx, cfg, requests, rep)
	rep.sum(runs)
	rep.failures(runs, func(state.Run) string { return "exporter demo --dir " + f.dir })
	p.code = jobs.Combine(exitCodes(runs))
	if err != nil || p.code != jobs.ExitOK {
		return err
	}
	return p.showDemo(ctx, f.dir)
}
