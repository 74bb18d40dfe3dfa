package ratelimit_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

// scene is a number of calls of one credential to a real server.
type scene struct {
	limits    ratelimit.Limits
	calls     int
	jobs      int  // at the same time; every other one by another source
	backfills bool // every fourth job is one; at the end they wait for their reserve
	unlimited bool // without a limiter
	// lives end after so many calls each, in turn by Close and by a crash; the last
	// goes on to the end. None is one life.
	lives []int
}

// office is the server of a scene. It answers after 0 to 5 ms.
type office struct {
	*httptest.Server
	all, heavy vendor
}

func newOffice(t testing.TB) *office {
	o := &office{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.all.arrive(1)
		defer o.all.leave()
		if strings.HasSuffix(r.URL.Path, "/heavy") {
			o.heavy.arrive(1)
		}
		<-time.After(time.Duration(rand.IntN(5000)) * time.Microsecond)
		_, _ = io.WriteString(w, "ok") // a client that went away is the client's failure
	}))
	t.Cleanup(o.Close)
	return o
}

// over returns by how much the windows were exceeded.
func (o *office) over(t testing.TB, s scene) (over int) {
	count := func(v *vendor, windows []ratelimit.Window) {
		for _, w := range windows {
			if got := v.mostIn(w.Per); got > w.N {
				over += got - w.N
				t.Logf("limit %s: %d requests in one window", w, got)
			}
		}
	}
	count(&o.all, s.limits.Windows)
	count(&o.heavy, s.limits.Classes["heavy"])
	if c := s.limits.Concurrency; c > 0 && len(s.lives) == 0 && o.all.most > c { // a crash leaves some behind at the server
		over += o.all.most - c
		t.Logf("%d requests in flight, want at most %d", o.all.most, c)
	}
	return over
}

// share returns how much of the limit that decided was used after its first window.
func (o *office) share(s scene) (most float64) {
	for _, w := range s.limits.Windows {
		least := time.Duration(s.calls/w.N-1) * w.Per
		took := o.all.arrivals[s.calls-1].Sub(o.all.arrivals[w.N-1])
		most = max(most, least.Seconds()/took.Seconds())
	}
	return most
}

// play makes the calls of s at o and returns by how much limits were exceeded.
func play(t testing.TB, o *office, s scene) (over int) {
	t.Helper()
	var clients [2]*http.Client // of two sources
	for i := range clients {
		clients[i] = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.jobs}}
		defer clients[i].CloseIdleConnections()
	}
	store := &memory{}
	var made atomic.Int64
	for i := 0; made.Load() < int64(s.calls); i++ {
		end, crash := s.calls, false
		if i < len(s.lives) {
			end, crash = s.lives[i], i%2 == 1
		}
		l := newLimiter(t, s.limits, ratelimit.Options{Store: store})
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for job := range s.jobs {
			claim := ratelimit.Claim{Job: fmt.Sprint(job), Backfill: s.backfills && job%4 == 3}
			wg.Go(func() {
				for ctx.Err() == nil {
					switch n := made.Add(1); {
					case n <= int64(end):
						get(ratelimit.WithClaim(ctx, claim), t, s, l, clients[job%2], o.URL, n)
						continue
					case crash:
						stop() // requests are on their way
					}
					made.Add(-1)
					return
				}
			})
		}
		wg.Wait()
		stop()
		if !crash {
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := len(o.all.arrivals); len(s.lives) == 0 && got != s.calls {
		t.Errorf("%d requests arrived, want %d", got, s.calls)
	}
	return o.over(t, s)
}

// get makes the nth call; every fifth is a heavy one.
func get(ctx context.Context, t testing.TB, s scene, l *ratelimit.Limiter, client *http.Client, url string, n int64) {
	var ask ratelimit.Ask
	if n%5 == 0 {
		ask.Class = "heavy"
		url += "/heavy"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	firstByte := func() {}
	if !s.unlimited {
		p, err := l.Acquire(ctx, ask)
		if err != nil {
			if fault.ClassOf(err) != fault.Interrupted {
				t.Errorf("Acquire: %v", err)
			}
			return
		}
		firstByte = p.FirstByte
		defer func() {
			if ctx.Err() == nil { // else the process is gone
				p.Release()
			}
		}()
	}
	resp, err := client.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
		}
		return
	}
	firstByte()
	defer func() { _ = resp.Body.Close() }() // read to its end
	if _, err := io.Copy(io.Discard, resp.Body); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

// limitsOf reads limits that are separated by blanks; a fixed one is "20/1s+fixed".
func limitsOf(t testing.TB, general, heavy string, concurrency int) ratelimit.Limits {
	t.Helper()
	l := ratelimit.Limits{Concurrency: concurrency, Classes: map[string][]ratelimit.Window{}}
	for _, s := range strings.Fields(general) {
		l.Windows = append(l.Windows, window(t, strings.ReplaceAll(s, "+", " ")))
	}
	for _, s := range strings.Fields(heavy) {
		l.Classes["heavy"] = append(l.Classes["heavy"], window(t, s))
	}
	return l
}

// TestRealServer counts real requests where it matters.
func TestRealServer(t *testing.T) {
	for name, s := range map[string]scene{
		"many workers":      {limits: limitsOf(t, "300/100ms 2500/1s", "", 40), calls: 5000, jobs: 64},
		"eight jobs":        {limits: limitsOf(t, "300/1s 500/2s", "60/500ms", 0), calls: 1200, jobs: 8, backfills: true},
		"over the restarts": {limits: limitsOf(t, "100/200ms 300/2s", "50/1s", 6), calls: 700, jobs: 8, backfills: true, lives: []int{120, 250, 400, 550}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if over := play(t, newOffice(t), s); over > 0 {
				t.Errorf("%d requests too many", over)
			}
		})
	}
}

// Without the limiter the same calls are too many, so TestRealServer sees what it is there to see.
func TestRealServerSeesAMissingLimiter(t *testing.T) {
	if over := play(t, newOffice(t), scene{limits: limitsOf(t, "50/1s", "5/1s", 2), calls: 400, jobs: 8, unlimited: true}); over < 100 {
		t.Errorf("%d requests too many without a limiter, want hundreds", over)
	}
}

// BenchmarkRealServer makes 100,000 calls. The metrics are the requests above a
// limit in any sliding window, and how much of the limit was used after its first
// window.
func BenchmarkRealServer(b *testing.B) {
	for name, limits := range map[string]string{
		"1s":  "300/100ms 2500/1s",
		"10s": "500/100ms 10000/10s",
		"60s": "10000/10s 25000/1m",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				o, s := newOffice(b), scene{limits: limitsOf(b, limits, "", 40), calls: 100_000, jobs: 64}
				b.ReportMetric(float64(play(b, o, s)), "over")
				b.ReportMetric(100*o.share(s), "%quota")
			}
		})
	}
}
