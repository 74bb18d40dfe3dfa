package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// gate stands before a vendor: it counts reports, holds one back, or lets none through.
type gate struct {
	passed func() // told of each report that comes and of each answer that goes

	mu    sync.Mutex
	asked int // reports that the vendor was asked for, with or without an answer
	down  bool
	at    int // number of the report that is held back, 0 = none
	held  chan struct{}
	free  chan struct{}
}

func (g *gate) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/Apiv3/json") {
			next.ServeHTTP(w, r)
			return
		}
		g.mu.Lock()
		g.asked++
		mine, held, free, down := g.asked == g.at, g.held, g.free, g.down
		g.mu.Unlock()
		if down {
			w.Header().Set("Content-Type", "application/json") // it breaks off behind a good beginning, which is tried again at once
			send(w, []byte(`{"response":{"status":1`))
			panic(http.ErrAbortHandler)
		}
		if mine {
			close(held)
			select {
			case <-free:
			case <-r.Context().Done():
				return
			}
		}
		g.tell()
		next.ServeHTTP(w, r)
		g.tell()
	})
}

func (g *gate) tell() {
	if g.passed != nil {
		g.passed()
	}
}

// hold keeps the nth report from now from being answered until release is called; held
// is closed when it has come.
func (g *gate) hold(t *testing.T, n int) (held <-chan struct{}, release func()) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at, g.held, g.free = g.asked+n, make(chan struct{}), make(chan struct{})
	release = sync.OnceFunc(func() { close(g.free) })
	t.Cleanup(release)
	return g.held, release
}

// calls returns how many reports were asked for.
func (g *gate) calls() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

// setDown takes the vendor down or up.
func (g *gate) setDown(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}
