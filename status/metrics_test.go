package status_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"exporter/state"
	"exporter/status"
)

// values reads what a scraper sees, by name and labels.
func values(t *testing.T, text string) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	all := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			all[name+"{"+strings.Join(labels, ",")+"}"] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	counters := status.NewCounters([]string{"a"})
	p := newPage(
		t, func(o *status.Options) { o.Counters = counters },
		status.Job{
			Name: "a", Interval: "1d", Condition: status.JobLate, Late: true, Flagged: true, Failed: 3, LastSuccess: noon.Add(-time.Hour),
			CompleteEnd: noon.Add(-2 * time.Hour), Deadline: noon.Add(-time.Minute), Next: []time.Time{noon.Add(time.Minute)},
			Slices: map[string]int64{"committed": 5, "failed": 1},
		},
		status.Job{Name: "list", Condition: status.JobPaused, Paused: true, LastSuccess: noon.Add(-time.Minute)},
	)
	counters.RunEnded(state.Run{Job: "a", State: state.RunPartial, Rows: 7})
	for _, code := range []int{200, 200, 429, 0, 999} {
		counters.Request("s", code)
	}
	got := values(t, p.get("/metrics").Body.String())
	for name, want := range map[string]float64{
		"exporter_job_late{job=a}": 1, "exporter_job_late{job=list}": 0, "exporter_job_failing{job=a}": 1, "exporter_job_failed_firings{job=a}": 3,
		"exporter_job_paused{job=list}": 1, "exporter_job_freshness_seconds{job=a}": 7200, "exporter_job_freshness_seconds{job=list}": 60,
		"exporter_job_last_success_timestamp_seconds{job=a}": float64(noon.Add(-time.Hour).Unix()),
		"exporter_job_deadline_timestamp_seconds{job=a}":     float64(noon.Add(-time.Minute).Unix()),
		"exporter_job_next_firing_timestamp_seconds{job=a}":  float64(noon.Add(time.Minute).Unix()),
		"exporter_slices{job=a,state=committed}":             5, "exporter_slices{job=a,state=failed}": 1,
		"exporter_runs_total{job=a,outcome=partial}": 1, "exporter_runs_total{job=a,outcome=failed}": 0, "exporter_rows_total{job=a}": 7,
		"exporter_api_requests_total{source=s,status=200}": 2, "exporter_api_requests_total{source=s,status=429}": 1,
		"exporter_api_requests_total{source=s,status=none}": 1, "exporter_api_requests_total{source=s,status=other}": 1,
		"exporter_throttles_total{credential=c}": 2, "exporter_waits_total{credential=c}": 3, "exporter_wait_seconds_total{credential=c}": 4,
		"exporter_pause_seconds{credential=c}": 60, "exporter_quota_used{class=,credential=c,window=20/10s}": 4,
		"exporter_quota_left{class=,credential=c,window=20/10s}": 6, "exporter_quota_limit{class=,credential=c,window=20/10s}": 10,
		"exporter_token_expiry_seconds{source=s,token=access}": 3600, "exporter_token_expiry_seconds{source=s,token=login}": -3600,
		"exporter_ready{}": 1, "exporter_scheduler_last_tick_timestamp_seconds{}": float64(noon.Unix()), "exporter_build_info{version=v1}": 1,
	} {
		if v, there := got[name]; !there || v != want {
			t.Errorf("%s is %v (there: %t), want %v", name, v, there, want)
		}
	}
}

// TestMetricsAreAsTheyShouldBe: names and types by the linter of promtool, every name
// in the table of README.md, and no other there.
func TestMetricsAreAsTheyShouldBe(t *testing.T) {
	p := newPage(t, nil, status.Job{Name: "a", Interval: "1d", LastSuccess: noon, CompleteEnd: noon, Deadline: noon, Next: []time.Time{noon}, Slices: map[string]int64{"failed": 1}})
	text := p.get("/metrics").Body.String()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, exposed []string
	for _, m := range regexp.MustCompile("`(exporter_[a-z_]+)").FindAllStringSubmatch(between(string(readme), "| metric |", "\n\n"), -1) {
		documented = append(documented, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (exporter_[a-z_]+)`).FindAllStringSubmatch(text, -1) {
		exposed = append(exposed, m[1])
	}
	exposed = append(exposed, "exporter_api_requests_total") // there is none before the first request
	slices.Sort(documented)
	slices.Sort(exposed)
	if !slices.Equal(documented, exposed) {
		t.Errorf("README.md has\n%s\nthere are\n%s", strings.Join(documented, "\n"), strings.Join(exposed, "\n"))
	}
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	inside, _, _ := strings.Cut(rest, to)
	return inside
}

// TestMetricsWithoutState: what can be told is.
func TestMetricsWithoutState(t *testing.T) {
	p := newPage(t, func(o *status.Options) {
		o.Glance = func(context.Context) ([]status.Job, error) { return nil, errors.New("disk gone") }
	}, status.Job{Name: "a"})
	w := p.get("/metrics")
	if got := values(t, w.Body.String()); w.Code != 200 || got["exporter_quota_left{class=,credential=c,window=20/10s}"] != 6 {
		t.Errorf("%d %v", w.Code, got)
	}
}
