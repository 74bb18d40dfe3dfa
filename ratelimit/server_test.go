package ratelimit_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"exporter/ratelimit"
)

// TestRealServer counts about ten thousand real requests where it matters.
func TestRealServer(t *testing.T) { realServer(t, 64*156, "300/100ms", "2500/1s") }

// BenchmarkRealServer is the same with 100,000 requests; the metrics are the
// requests above a limit in any sliding window, and how much of the quota was used.
func BenchmarkRealServer(b *testing.B) {
	for b.Loop() {
		const calls = 1600 * 64
		began := time.Now()
		over := realServer(b, calls, "300/100ms", "2500/1s")
		b.ReportMetric(float64(over), "over")
		b.ReportMetric(100*calls/2500/time.Since(began).Seconds(), "%quota")
	}
}

// realServer sends calls from 64 workers to a server that answers after 0 to 5 ms,
// and returns how many requests were too many in any sliding window.
func realServer(t testing.TB, calls int, limits ...string) (over int) {
	var v vendor
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		v.arrive(1)
		defer v.leave()
		<-time.After(time.Duration(rand.IntN(5000)) * time.Microsecond)
		_, _ = io.WriteString(w, "ok") // a client that went away is the client's failure
	}))
	defer server.Close()
	client := server.Client()
	transport := client.Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost = 64

	var windows []ratelimit.Window
	for _, s := range limits {
		windows = append(windows, window(t, s))
	}
	l := newLimiter(t, ratelimit.Limits{Windows: windows, Concurrency: 40}, ratelimit.Options{Store: &memory{}})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range calls / 64 {
				get(t, l, client, server.URL)
			}
		})
	}
	wg.Wait()
	for _, w := range windows {
		if got := v.mostIn(w.Per); got > w.N {
			over += got - w.N
			t.Errorf("limit %s: %d requests in one window", w, got)
		}
	}
	if v.most > 40 {
		t.Errorf("%d requests in flight, want at most 40", v.most)
	}
	if len(v.arrivals) != calls {
		t.Errorf("%d requests arrived, want %d", len(v.arrivals), calls)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return over
}

func get(t testing.TB, l *ratelimit.Limiter, client *http.Client, url string) {
	p := acquire(t, l, ratelimit.Ask{})
	defer p.Release()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	p.FirstByte()
	defer func() { _ = resp.Body.Close() }() // read to its end
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
}
