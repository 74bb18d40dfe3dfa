package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"exporter/status"
)

const pingSecret = "p1ng-5ecr3t"

// watched is a serve with its log.
type watched struct {
	*exec.Cmd
	lines *bufio.Scanner
	text  strings.Builder
}

// watch starts a serve on a vendor that is there, with an SQLite file and two jobs:
// one that succeeds every second and one that cannot.
func watch(t *testing.T, url, listen, ping string) *watched {
	t.Helper()
	text := strings.Replace(jobsTOML, "driver = \"postgres\"\ndsn = \"${DSN}\"\nschema = \"marketing\"", "driver = \"sqlite\"\npath = \"data.db\"", 1)
	text = strings.Replace(text, "timezone = \"Europe/Berlin\"", "timezone = \"Europe/Berlin\"\nlisten = \""+listen+"\"", 1)
	text = strings.Replace(text, `schedule = "30 3 * * *"`, fmt.Sprintf("schedule = \"@every 1s\"\nping_url = %q", ping+"/"+pingSecret), 1)
	p := newProcess(t, url, "postgres://nobody@127.0.0.1:1/none", "")
	if err := os.WriteFile(filepath.Join(p.dir, "jobs.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &watched{Cmd: p.command("serve", "--log-format", "json")}
	log, err := w.StderrPipe()
	if err == nil {
		err = w.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	w.lines = bufio.NewScanner(log)
	return w
}

// until reads the log up to a line, and returns what the pattern's group is there.
func (w *watched) until(t *testing.T, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for w.lines.Scan() {
		w.text.WriteString(w.lines.Text() + "\n")
		if m := want.FindStringSubmatch(w.lines.Text()); m != nil {
			return m[len(m)-1]
		}
	}
	t.Fatalf("the log ends before %s:\n%s", pattern, &w.text)
	return ""
}

// end drains the serve.
func (w *watched) end(t *testing.T) {
	t.Helper()
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	w.until(t, `"msg":"drained"`)
	if err := w.Wait(); err != nil {
		t.Error(err)
	}
}

// TestServeShowsItself: page, API, metrics and health of a real process, and its pings.
func TestServeShowsItself(t *testing.T) {
	var mu sync.Mutex
	pinged := map[string]int{}
	pings := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		pinged[r.URL.Path]++
	}))
	t.Cleanup(pings.Close)
	_, url := newVendor(t, 10, 1, func(h http.Handler) http.Handler { return h })
	w := watch(t, url, "127.0.0.1:0", pings.URL)
	at := w.until(t, `"msg":"status page is up","url":"([^"]*)/"`)
	for range 2 {
		w.until(t, `"msg":"run ended","job":"conversions".*"state":"succeeded"`)
	}
	get := func(path, host string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	for path, want := range map[string]string{
		"/": `<a href="/jobs/conversions">`, "/jobs/conversions": `title="complete"`, "/jobs/strict": "No run yet.",
		"/readyz": `"ok":true`, "/healthz": `"ok":true`, "/api/runs?job=conversions": `"state":"succeeded"`,
		"/api/jobs/conversions/slices": `"sinks":{"warehouse":{`,
		"/metrics":                     "exporter_job_last_success_timestamp_seconds{",
	} {
		code, text := get(path, "localhost")
		if code != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d, without %s:\n%s", path, code, want, text)
		}
		for name, secret := range secrets {
			if strings.Contains(text, secret) || strings.Contains(text, pingSecret) {
				t.Errorf("%s shows %s, or the address of pings:\n%s", path, name, text)
			}
		}
	}
	if code, _ := get("/", "rebound.example"); code != http.StatusMisdirectedRequest {
		t.Errorf("a name of somebody else: %d", code)
	}
	if code, text := get("/api/jobs/conversions/slices?from=2026-11-31", "localhost"); code != http.StatusBadRequest || !strings.Contains(text, "--from") {
		t.Errorf("a day that is none: %d %s", code, text)
	}
	checkJobs(t, get)
	checkMetrics(t, get)
	w.end(t)
	mu.Lock()
	defer mu.Unlock()
	if pinged["/"+pingSecret+"/start"] == 0 || pinged["/"+pingSecret] == 0 || len(pinged) != 2 {
		t.Errorf("pinged %v", pinged)
	}
	if strings.Contains(w.text.String(), pingSecret) {
		t.Errorf("the log shows the address of pings:\n%s", &w.text)
	}
}

func checkJobs(t *testing.T, get func(path, host string) (int, string)) {
	t.Helper()
	_, text := get("/api/jobs", "localhost")
	var all []status.Job
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	for _, j := range all {
		switch {
		case j.Name == "conversions" && (j.LastSuccess.IsZero() || j.CompleteEnd.IsZero() || len(j.Next) != 1 || j.Slices["committed"]+j.Slices["unchanged"] == 0):
			t.Errorf("%+v", j)
		case j.Name == "strict" && (j.Condition != status.JobNew || !j.LastSuccess.IsZero()):
			t.Errorf("%+v", j)
		}
	}
}

func checkMetrics(t *testing.T, get func(path, host string) (int, string)) {
	t.Helper()
	_, text := get("/metrics", "localhost")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	sum := func(name string) (total float64) {
		for _, m := range families[name].GetMetric() {
			total += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
		return total
	}
	for _, name := range []string{"exporter_api_requests_total", "exporter_rows_total", "exporter_runs_total", "exporter_slices", "exporter_quota_used", "exporter_ready"} {
		if sum(name) <= 0 {
			t.Errorf("%s is %v", name, sum(name))
		}
	}
}

// TestServeWithoutItsAddress: the night goes on without a page.
func TestServeWithoutItsAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
	})
	_, url := newVendor(t, 10, 1, func(h http.Handler) http.Handler { return h })
	w := watch(t, url, taken.Addr().String(), "http://127.0.0.1:1")
	w.until(t, `"level":"WARN","msg":"there is no status page`)
	w.until(t, `"msg":"run ended","job":"conversions".*"state":"succeeded"`)
	w.end(t)
}
