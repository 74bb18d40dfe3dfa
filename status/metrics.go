package status

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"exporter/ratelimit"
)

// metrics reads what the page shows too, anew at each scrape.
type metrics struct {
	server *Server

	lastSuccess, freshness, late, failing, failed, paused, deadline, nextFiring, slices *prometheus.Desc
	throttles, waits, waited, waiting, pause, used, left, limit                         *prometheus.Desc
	token, ready, tick                                                                  *prometheus.Desc
}

var _ prometheus.Collector = (*metrics)(nil)

// newMetrics returns a registry with everything in it. README.md has the table of names.
func newMetrics(s *Server) (*prometheus.Registry, *metrics) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("exporter_"+name, help, labels, nil)
	}
	m := &metrics{
		server:      s,
		lastSuccess: desc("job_last_success_timestamp_seconds", "When the newest run of the job began that did all of what was due.", "job"),
		freshness:   desc("job_freshness_seconds", "Age of the end of the newest interval that is complete in every sink; of streams without intervals, of the last success.", "job"),
		late:        desc("job_late", "1 if a firing of the job has not succeeded by when it had to.", "job"),
		failing:     desc("job_failing", "1 if the job fails firing after firing, or until a person acts.", "job"),
		failed:      desc("job_failed_firings", "Firings since the last success that failed.", "job"),
		paused:      desc("job_paused", "1 if the job is paused.", "job"),
		deadline:    desc("job_deadline_timestamp_seconds", "By when the firing that is owed, else the next one, has to succeed.", "job"),
		nextFiring:  desc("job_next_firing_timestamp_seconds", "When the job fires next.", "job"),
		slices:      desc("slices", "Slices that the state knows.", "job", "state"),
		throttles:   desc("throttles_total", "Pauses that the vendor asked for.", "credential"),
		waits:       desc("waits_total", "Requests that had to wait for quota.", "credential"),
		waited:      desc("wait_seconds_total", "Time that requests have waited for quota, all of them together.", "credential"),
		waiting:     desc("requests_waiting", "Requests that wait for quota now.", "credential"),
		pause:       desc("pause_seconds", "For how long the vendor wants no requests from now on.", "credential"),
		used:        desc("quota_used", "Requests that count in the window now.", "credential", "class", "window"),
		left:        desc("quota_left", "Requests that the window has room for now.", "credential", "class", "window"),
		limit:       desc("quota_limit", "Requests that the window allows; lower than configured where a refusal taught so.", "credential", "class", "window"),
		token:       desc("token_expiry_seconds", "Until the token expires: access is renewed by itself, login wants a person.", "source", "token"),
		ready:       desc("ready", "1 if this process runs jobs; 0 while it waits for its turn or ends."),
		tick:        desc("scheduler_last_tick_timestamp_seconds", "When the scheduler last looked at the clock."),
	}
	r := prometheus.NewRegistry()
	r.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c := s.o.Counters; c != nil {
		r.MustRegister(c.requests, c.runs, c.rows)
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "exporter_build_info", Help: "1; the labels tell which program this is.", ConstLabels: s.o.Build})
	info.Set(1)
	r.MustRegister(info)
	return r, m
}

// scrape answers in the text format of Prometheus or OpenMetrics, as it is asked.
func (s *Server) scrape() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelWarn),
	})
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.lastSuccess, m.freshness, m.late, m.failing, m.failed, m.paused, m.deadline, m.nextFiring, m.slices,
		m.throttles, m.waits, m.waited, m.waiting, m.pause, m.used, m.left, m.limit, m.token, m.ready, m.tick,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What cannot be read is missing, and told.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	o, now := m.server.o, m.server.o.Now()
	gauge(ch, m.ready, truth(o.Ready() == nil))
	if at := o.Tick(); !at.IsZero() {
		gauge(ch, m.tick, unix(at))
	}
	all, err := m.server.jobs(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(m.late, err)
	}
	for _, j := range all {
		m.job(ch, j, now)
	}
	limits, err := o.Limits(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(m.used, err)
	}
	for _, l := range limits {
		m.credential(ch, l, now)
	}
	logins, err := o.Logins(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(m.token, err)
	}
	for _, l := range logins {
		if !l.Expires.IsZero() {
			gauge(ch, m.token, l.Expires.Sub(now).Seconds(), l.Source, "access")
		}
		if !l.RefreshExpires.IsZero() {
			gauge(ch, m.token, l.RefreshExpires.Sub(now).Seconds(), l.Source, "login")
		}
	}
}

func (m *metrics) job(ch chan<- prometheus.Metric, j Job, now time.Time) {
	if !j.LastSuccess.IsZero() {
		gauge(ch, m.lastSuccess, unix(j.LastSuccess), j.Name)
	}
	if through := j.through(); !through.IsZero() {
		gauge(ch, m.freshness, now.Sub(through).Seconds(), j.Name)
	}
	gauge(ch, m.late, truth(j.Late), j.Name)
	gauge(ch, m.failing, truth(j.Flagged), j.Name)
	gauge(ch, m.failed, float64(j.Failed), j.Name)
	gauge(ch, m.paused, truth(j.Paused), j.Name)
	if !j.Deadline.IsZero() {
		gauge(ch, m.deadline, unix(j.Deadline), j.Name)
	}
	if len(j.Next) > 0 {
		gauge(ch, m.nextFiring, unix(j.Next[0]), j.Name)
	}
	for state, n := range j.Slices {
		gauge(ch, m.slices, float64(n), j.Name, state)
	}
}

func (m *metrics) credential(ch chan<- prometheus.Metric, l ratelimit.Status, now time.Time) {
	counter := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, l.Credential)
	}
	counter(m.throttles, float64(l.Throttles))
	counter(m.waits, float64(l.Waits))
	counter(m.waited, l.Waited.Seconds())
	gauge(ch, m.waiting, float64(l.Waiting), l.Credential)
	gauge(ch, m.pause, max(0, l.PausedUntil.Sub(now).Seconds()), l.Credential)
	for _, w := range l.Windows {
		labels := []string{l.Credential, w.Class, w.Window.String()}
		gauge(ch, m.used, float64(w.Used), labels...)
		gauge(ch, m.left, float64(w.Left), labels...)
		gauge(ch, m.limit, float64(w.Limit), labels...)
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// through is until when the job's data is complete, zero if nothing is.
func (j Job) through() time.Time {
	if j.Interval == "" {
		return j.LastSuccess
	}
	return j.CompleteEnd
}
