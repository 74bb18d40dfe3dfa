package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/ratelimit"
	"exporter/sandbox/faults"
	"exporter/state"
)

// pinged is a service that pings are sent to.
type pinged struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string // path and body
	answer func(w http.ResponseWriter, r *http.Request, n int)
}

const pingPath = "/ping/5ecr3t"

func newPinged(t *testing.T, answer func(http.ResponseWriter, *http.Request, int)) *pinged {
	t.Helper()
	p := &pinged{answer: answer}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		p.got = append(p.got, strings.TrimPrefix(r.URL.Path, pingPath)+" "+string(body))
		n := len(p.got)
		p.mu.Unlock()
		if p.answer != nil {
			p.answer(w, r, n)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// pings returns what was sent since the last call: their kinds, and all of the text.
func (p *pinged) pings() (kinds []string, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.got {
		kind, body, _ := strings.Cut(g, " ")
		kinds, text = append(kinds, kind), text+body+"\n"
	}
	p.got = nil
	return kinds, text
}

func wantPings(t *testing.T, p *pinged, want ...string) (text string) {
	t.Helper()
	kinds, text := p.pings()
	if !slices.Equal(kinds, want) {
		t.Errorf("pinged %q, want %q:\n%s", kinds, want, text)
	}
	return text
}

func TestPingsTellHowRunsGo(t *testing.T) {
	w := newWorld(t, nil)
	p := newPinged(t, nil)
	line := fmt.Sprintf("ping_url = %q", p.URL+pingPath)
	cfg := w.configure(line)
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	if text := wantPings(t, p, "/start", ""); !strings.Contains(text, "3 committed") {
		t.Errorf("the end says %s", text)
	}
	// Somebody's days say nothing of the night.
	w.run(cfg, state.Run{From: w.time("2026-11-15T05:00:00Z"), To: w.time("2026-11-16T05:00:00Z")})
	wantPings(t, p)
	// One slice of three: partial is a failure, told with its error.
	w.breakWith(faults.Rule{Kind: faults.Status, Status: 404, Operation: "Conversion::findAll", Query: "2026-11-20 00:00:00"})
	w.run(cfg, state.Run{Force: true})
	if text := wantPings(t, p, "/start", "/fail"); !strings.Contains(text, " partial: ") || !strings.Contains(text, "slice 2026-11-") || !strings.Contains(text, "404") {
		t.Errorf("the failure says %s", text)
	}
}

// TestPingsOfQuota: waiting is no failure, the end of the waiting the success, and
// the deadline comes before it.
func TestPingsOfQuota(t *testing.T) {
	w, vendor := newFakeWorld(t)
	p := newPinged(t, nil)
	lines := fmt.Sprintf("ping_url = %q\ndeadline = \"06:00\"", p.URL+pingPath)
	w.run(w.configure(lines), state.Run{})
	wantPings(t, p, "/start", "")
	w.now = w.time("2026-11-23T03:30:00Z")
	vendor.limit, vendor.patience = []ratelimit.Window{{N: 1, Per: 24 * time.Hour}}, time.Millisecond
	cfg := w.configure(lines)
	if r := w.run(cfg, state.Run{}); r.Waiting != 1 {
		t.Fatalf("%+v", r)
	}
	wantPings(t, p, "/start")
	w.now = w.time("2026-11-23T06:01:00Z")
	o, _ := w.open(cfg, func() time.Time { return w.now }, nil)
	known := map[string]time.Time{}
	for range 2 { // told once
		if err := jobs.TellLate(context.Background(), o.engine, known); err != nil {
			t.Fatal(err)
		}
	}
	jobs.FlushPings(o.engine)
	if text := wantPings(t, p, "/fail"); !strings.Contains(text, "late: ") {
		t.Errorf("the deadline says %s", text)
	}
}

// TestPingsOfARest: what waited comes in runs of its own.
func TestPingsOfARest(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.fail = refuse("b", "2026-11-21")
	p := newPinged(t, nil)
	cfg := w.configure(fmt.Sprintf("ping_url = %q", p.URL+pingPath))
	w.run(cfg, state.Run{})
	wantPings(t, p, "/start", "/fail")
	w.run(cfg, state.Run{Only: state.OnlyFailed})
	wantPings(t, p, "/fail")
	vendor.fail = nil
	w.want(w.run(cfg, state.Run{Only: state.OnlyFailed}), 0, 1, 0, 0)
	wantPings(t, p, "")
}

// TestPingsNeitherDelayNorFailRuns: of a service that hangs, one that is gone and one
// that refuses; and their address is in no log.
func TestPingsNeitherDelayNorFailRuns(t *testing.T) {
	w, _ := newFakeWorld(t)
	release := make(chan struct{})
	hangs := newPinged(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	t.Cleanup(func() { close(release) }) // before the server is closed, which waits for it
	refuses := newPinged(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusNotFound) })
	moved := newPinged(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(w, r, "http://127.0.0.1:1"+r.URL.Path, http.StatusFound)
	})
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, at := range map[string]string{"hangs": hangs.URL, "refuses": refuses.URL, "moved": moved.URL, "gone": gone.URL} {
		cfg := w.configure(fmt.Sprintf("ping_url = %q", at+pingPath))
		st, err := state.Open(context.Background(), cfg.Exporter.State, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		e, err := jobs.NewEngine(cfg, st, jobs.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return w.now }})
		if err != nil {
			t.Fatal(err)
		}
		e.SetPingLimit(2 * time.Second)
		if name == "hangs" {
			e.SetPingLimit(time.Hour) // a run that waited would hang with the test
		}
		runs, err := e.Run(context.Background(), []state.Run{{Job: "conversions", Trigger: "cli", Force: true}})
		if err != nil || runs[0].ExitCode != 0 {
			t.Errorf("%s: %+v %v", name, runs, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if name == "hangs" {
			cancel() // out of patience at once
		}
		if err := errors.Join(e.Close(ctx), st.Close()); err != nil && name != "hangs" {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if strings.Contains(log.String(), "5ecr3t") || name != "hangs" && !strings.Contains(log.String(), "ping was not taken") {
			t.Errorf("%s: the log says\n%s", name, log.String())
		}
	}
	if kinds, _ := moved.pings(); len(kinds) > 2 {
		t.Errorf("a redirect was tried again: %q", kinds)
	}
}

// TestPingsAreTriedThreeTimes: while the service is in trouble.
func TestPingsAreTriedThreeTimes(t *testing.T) {
	var fails atomic.Int64
	p := newPinged(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if int64(n) <= fails.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	for _, c := range []struct {
		fails int64
		asked int
		told  bool
	}{{0, 1, false}, {2, 3, false}, {9, 3, true}} {
		fails.Store(c.fails)
		var log bytes.Buffer
		sender := jobs.NewPinger(slog.New(slog.NewTextHandler(&log, nil)))
		sender.SetLimit(2 * time.Second)
		sender.Send(p.URL+pingPath+"?create=1", "fail", strings.Repeat("ä", 10_000))
		sender.Close(context.Background())
		kinds, text := p.pings()
		if len(kinds) != c.asked || kinds[0] != "/fail" || strings.Contains(log.String(), "ping was not taken") != c.told {
			t.Errorf("%d failures: asked %q, log %s", c.fails, kinds, log.String())
		}
		if len(text) > 3*10_001 || !strings.HasPrefix(text, "ä") {
			t.Errorf("sent %d bytes", len(text))
		}
	}
}

// TestTheEndOvertakesTheBeginning: a start that hangs does not hold back how it ended,
// and a new start does not take the place of an end.
func TestTheEndOvertakesTheBeginning(t *testing.T) {
	began := make(chan struct{}, 9)
	p := newPinged(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		if strings.HasSuffix(r.URL.Path, "/start") {
			began <- struct{}{}
			<-r.Context().Done()
		}
	})
	sender := jobs.NewPinger(slog.New(slog.DiscardHandler))
	sender.Send(p.URL+pingPath, "start", "")
	<-began
	sender.Send(p.URL+pingPath, "", "")
	sender.Send(p.URL+pingPath, "start", "") // what waits counts more
	sender.Close(context.Background())
	wantPings(t, p, "/start", "")
}
