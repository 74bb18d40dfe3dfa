package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/rogpeppe/go-internal/testscript"

	"exporter/sandbox"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/owapro"
	"exporter/sinks/postgres/pgtest"
)

// What may never be seen outside of a configuration.
var secrets = map[string]string{
	"CLIENT_SECRET": "tune-secret-7f3a9c", "DB_PASSWORD": "db-password-51be20", "EXPORTER_KEY": "state-key-c0ffee42", "HASH_KEY": "hash-key-9d8e7f",
	"NETWORK_TOKEN": "network-token-aa81d3",
}

// stage is what one script plays on: a vendor and a database of its own.
type stage struct {
	t       testing.TB
	vendor  *sandbox.Sandbox
	server  *httptest.Server
	dsn     string
	own     *pgtest.Server      // for scripts that take PostgreSQL down
	buckets *fakestorage.Server // once a script has it
	outputs string

	mu    sync.Mutex
	asked int           // reports since calls was asked for last
	hold  int           // number of the report that is held back, 0 = none
	held  chan struct{} // closed when it has come
	free  chan struct{} // closed when it may go on
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

// newStage sets up a script: ten days of 30 conversions until today.
func newStage(env *testscript.Env) error {
	s := &stage{t: env.T().(testing.TB), outputs: filepath.Join(env.WorkDir, "outputs")}
	cfg := sandbox.Config{Seed: 7, HasOffers: hasoffers.Config{
		Integrators: []hasoffers.Integrator{{ClientSecret: secrets["CLIENT_SECRET"]}},
		Networks:    []hasoffers.Network{{Token: secrets["NETWORK_TOKEN"], FirstDay: "2026-11-13", Days: 10, RowsPerDay: 30, Now: today.Format("2006-01-02T15:04:05Z07:00")}},
	}, OWAPro: owapro.Config{Data: owapro.Data{Now: today.Format(time.RFC3339)}}, PiwikPRO: piwikStage(), HubRise: hubStage()}
	var err error
	if s.vendor, err = sandbox.New(cfg); err != nil {
		return err
	}
	s.server = httptest.NewServer(s.gate(s.vendor.Handler()))
	s.setDSN(env.Setenv, pgtest.Start(s.t).Database(s.t))
	for name, value := range secrets {
		env.Setenv(name, value)
	}
	env.Setenv("SANDBOX", s.server.URL)
	env.Setenv("OUTPUTS", s.outputs)
	env.Setenv("PGCONNECT_TIMEOUT", "5")
	if err := os.WriteFile(filepath.Join(env.WorkDir, "jobs.toml"), []byte(jobsTOML), 0o600); err != nil {
		return err
	}
	env.Values[stageKey{}] = s
	env.Defer(func() {
		s.release()
		s.server.Close()
		s.lookForSecrets(env.WorkDir)
	})
	return nil
}

// setDSN makes DSN the address of a database with a password in it, which the
// server does not ask for.
func (s *stage) setDSN(setenv func(name, value string), dsn string) {
	s.dsn = dsn
	u, err := url.Parse(dsn)
	if err == nil && u.User != nil {
		if _, given := u.User.Password(); !given {
			u.User = url.UserPassword(u.User.Username(), secrets["DB_PASSWORD"])
			dsn = u.String()
		}
	}
	setenv("DSN", dsn)
}

// jobsTOML is the configuration of the scripts. Three requests read a full day.
const jobsTOML = `[exporter]
timezone = "Europe/Berlin"

[sources.tune]
driver = "hasoffers"
api = "integrator"
base_url = "${SANDBOX}/Apiv3/json"
auth_url = "${SANDBOX}/authorize"
network_id = "demo"
integrator_id = "acme"
client_id = "client"
client_secret = "${CLIENT_SECRET}"
timezone = "America/New_York"
limits = ["1000/1s", "100000/1d"]
concurrency = 4

[sinks.warehouse]
driver = "postgres"
dsn = "${DSN}"
schema = "marketing"

[jobs.conversions]
source = "tune"
stream = "conversions"
sinks = ["warehouse"]
schedule = "30 3 * * *"
lookback = "3d"
options = { page_size = 10, fields = ["id", "tune_event_id", "datetime", "status", "payout", "revenue"] }

[jobs.strict]
source = "tune"
stream = "conversions"
sinks = ["warehouse"]
schedule = "0 4 * * *"
options = { fields = ["id", "tune_event_id", "datetime", "status"] }
checks = { min_rows = 1000 }
`

// gate counts requests for reports and holds one back where a script says so.
func (s *stage) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/Apiv3/json") {
			s.mu.Lock()
			s.asked++
			mine, held, free := s.asked == s.hold, s.held, s.free
			s.mu.Unlock()
			if mine {
				close(held)
				select {
				case <-free:
				case <-r.Context().Done():
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// release lets the report that is held back go on.
func (s *stage) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold > 0 {
		close(s.free)
	}
	s.hold = 0
}

// lookForSecrets searches all outputs of the script and all files it left.
func (s *stage) lookForSecrets(dir string) {
	if _, err := os.Stat(s.outputs); err != nil {
		s.t.Errorf("nothing to look for secrets in: %v", err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, secret := range secrets {
			if at := strings.Index(string(data), secret); at >= 0 {
				s.t.Errorf("%s shows %s: %q", path, name, data[max(0, at-100):min(len(data), at+len(secret)+20)])
			}
		}
		return nil
	})
	if err != nil {
		s.t.Error(fmt.Errorf("look for secrets: %w", err))
	}
}
