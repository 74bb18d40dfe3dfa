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
func TestRealServer(t *testing.T) {
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

	windows := []ratelimit.Window{window(t, "300/100ms"), window(t, "2500/1s")}
	l := newLimiter(t, ratelimit.Limits{Windows: windows, Concurrency: 40}, ratelimit.Options{Store: &memory{}})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 156 {
				get(t, l, client, server.URL)
			}
		})
	}
	wg.Wait()
	for _, w := range windows {
		if got := v.mostIn(w.Per); got > w.N {
			t.Errorf("limit %s: %d requests in one window", w, got)
		}
	}
	if v.most > 40 {
		t.Errorf("%d requests in flight, want at most 40", v.most)
	}
	if len(v.arrivals) != 64*156 {
		t.Errorf("%d requests arrived, want %d", len(v.arrivals), 64*156)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, l *ratelimit.Limiter, client *http.Client, url string) {
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
