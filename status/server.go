package status

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"exporter/ratelimit"
	"exporter/settings"
	"exporter/state"
)

// Options are what a page shows and where it asks for it. Every function is asked
// anew for each answer, must be safe for concurrent use and read no more than a
// bounded number of rows.
type Options struct {
	State    *state.Store
	Jobs     []Definition                                      // in the order of the configuration
	Now      func() time.Time                                  // default time.Now
	Hosts    []string                                          // names it may be asked for besides those of loopback
	Log      *slog.Logger                                      // default: discard
	Build    map[string]string                                 // labels of exporter_build_info
	Glance   func(context.Context) ([]Job, error)              // where every job stands
	Runs     func(context.Context, string, int) ([]Run, error) // newest first, of all jobs for ""
	Slices   func(ctx context.Context, job, from, to string) ([]Slice, error)
	Troubled func(ctx context.Context, job string, from, to time.Time) ([]Slice, error) // the newest that failed or wait
	Limits   func(context.Context) ([]ratelimit.Status, error)
	Logins   func(context.Context) ([]Login, error)
	Counters *Counters        // nil = nothing is counted
	Ready    func() error     // nil: jobs are run
	Tick     func() time.Time // when the scheduler last looked at the clock
}

// Definition is what of a job's configuration its calendar needs.
type Definition struct {
	Name        string
	Fingerprint string
	Interval    settings.Duration // zero for streams without intervals
	Zone        *time.Location    // of the schedule
	DataZone    *time.Location
	// Owed returns the beginnings of the closed intervals in [from, to) that the job is
	// to have, given the oldest it is known to have.
	Owed func(oldest, from, to time.Time) []time.Time
}

// Login is the stored token of a source.
type Login struct {
	Source         string
	Expires        time.Time // of the access token, which is renewed by itself; zero = never, or none is stored
	RefreshExpires time.Time // when a person has to log in again; zero = never, or not known
}

// Server answers on one listener.
type Server struct {
	o        Options
	metrics  *metrics
	registry *prometheus.Registry
	glance   *memo[[]Job]
}

// New returns a server. It asks nothing yet.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o}
	s.glance = newMemo(o.Glance)
	s.registry, s.metrics = newMetrics(s)
	return s
}

// Handler returns the handler of all pages, behind the checks of requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.scrape())
	mux.HandleFunc("GET /api/jobs", s.apiJobs)
	mux.HandleFunc("GET /api/jobs/{job}/slices", s.apiSlices)
	mux.HandleFunc("GET /api/runs", s.apiRuns)
	mux.HandleFunc("GET /jobs/{job}", s.jobPage)
	mux.HandleFunc("GET /{$}", s.jobsPage)
	return s.guard(mux)
}

// Serve answers until ctx ends. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug), // what clients did wrong
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := srv.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if end := <-ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}
