package status

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"exporter/state"
)

// Counters count what happens in this process, from its start on.
type Counters struct {
	requests, runs, rows *prometheus.CounterVec
}

// outcomes are the states that a run can end in.
var outcomes = []string{state.RunSucceeded, state.RunFailed, state.RunPartial, state.RunParked, state.RunInterrupted}

// NewCounters returns counters of these jobs at zero, so that a first failure shows as
// a rise.
func NewCounters(jobs []string) *Counters {
	c := &Counters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exporter_api_requests_total", Help: "Requests sent to vendors, logins and repeated ones among them, by HTTP status; none = no answer.",
		}, []string{"source", "status"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exporter_runs_total", Help: "Runs that ended, by outcome.",
		}, []string{"job", "outcome"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "exporter_rows_total", Help: "Rows loaded into sinks.",
		}, []string{"job"}),
	}
	for _, job := range jobs {
		c.rows.WithLabelValues(job)
		for _, outcome := range outcomes {
			c.runs.WithLabelValues(job, outcome)
		}
	}
	return c
}

// Request counts a request to a vendor; status 0 = no answer.
func (c *Counters) Request(source string, status int) {
	label := "none"
	switch {
	case status >= 100 && status <= 599:
		label = strconv.Itoa(status)
	case status != 0:
		label = "other"
	}
	c.requests.WithLabelValues(source, label).Inc()
}

// RunEnded counts a run of a job of the configuration.
func (c *Counters) RunEnded(r state.Run) {
	c.runs.WithLabelValues(r.Job, r.State).Inc()
	c.rows.WithLabelValues(r.Job).Add(float64(r.Rows))
}
