package status_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/ratelimit"
	"exporter/settings"
	"exporter/state"
	"exporter/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is what every test sees as now.
var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// page is a server over a real state, whose jobs stand where a test says.
type page struct {
	t       *testing.T
	state   *state.Store
	handler http.Handler

	mu    sync.Mutex
	jobs  []status.Job
	ready error
	tick  time.Time
}

func newPage(t *testing.T, change func(*status.Options), jobs ...status.Job) *page {
	t.Helper()
	st, err := state.Open(context.Background(), filepath.Join(t.TempDir(), "state.db"), state.Options{Now: func() time.Time { return noon }, Busy: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &page{t: t, state: st, jobs: jobs, tick: noon}
	o := status.Options{
		State: st, Now: func() time.Time { return noon }, Build: map[string]string{"version": "v1"}, Counters: status.NewCounters([]string{"a"}),
		Glance: func(context.Context) ([]status.Job, error) { return p.jobs, nil },
		Runs: func(_ context.Context, job string, limit int) ([]status.Run, error) {
			return []status.Run{{Type: "run", ID: "r1", Job: job, State: "failed", Slices: limit, Error: "<script>alert(1)</script>", Requested: noon}}, nil
		},
		Slices: func(_ context.Context, job, from, to string) ([]status.Slice, error) {
			return []status.Slice{{Type: "slice", Job: job, State: from + to}}, nil
		},
		Troubled: func(context.Context, string, time.Time, time.Time) ([]status.Slice, error) { return nil, nil },
		Limits: func(context.Context) ([]ratelimit.Status, error) {
			return []ratelimit.Status{{Credential: "c", Throttles: 2, Waits: 3, Waited: 4 * time.Second, PausedUntil: noon.Add(time.Minute), Windows: []ratelimit.WindowStatus{
				{Window: ratelimit.Window{N: 20, Per: 10 * time.Second}, Limit: 10, Used: 4, Left: 6},
			}}}, nil
		},
		Logins: func(context.Context) ([]status.Login, error) {
			return []status.Login{{Source: "s", Expires: noon.Add(time.Hour), RefreshExpires: noon.Add(-time.Hour)}}, nil
		},
		Ready: func() error {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.ready
		},
		Tick: func() time.Time { return p.tick },
	}
	for _, j := range jobs {
		o.Jobs = append(o.Jobs, status.Definition{
			Name: j.Name, Fingerprint: "now", Interval: settings.Duration{N: 1, Unit: settings.Day}, Zone: time.UTC, DataZone: time.UTC,
			Owed: func(oldest, from, to time.Time) (starts []time.Time) {
				for at := oldest; !oldest.IsZero() && at.Before(to); at = at.AddDate(0, 0, 1) {
					starts = append(starts, at)
				}
				return starts
			},
		})
	}
	if change != nil {
		change(&o)
	}
	p.handler = status.New(o).Handler()
	return p
}

// get asks as a browser on this machine does.
func (p *page) get(path string) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.ask(http.MethodGet, path, "localhost:8686")
}

func (p *page) ask(method, path, host string) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

var errDown = errors.New("another process runs the jobs")
