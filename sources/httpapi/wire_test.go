package httpapi_test

import (
	"bufio"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

// hangUpOnReuse answers the first request of each connection and hangs up on the
// second after it has read it: it was counted, and the transport cannot know.
func hangUpOnReuse(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests = new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for i := range 2 {
				if _, err := http.ReadRequest(in); err != nil {
					break
				}
				requests.Add(1)
				if i == 0 {
					_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) // seen by the client
				}
			}
			_ = conn.Close() // on purpose
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // ends Accept
		<-done
	})
	return "http://" + l.Addr().String(), requests
}

func TestEveryRequestOnTheWireHasAPermit(t *testing.T) {
	url, requests := hangUpOnReuse(t)
	l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{{N: 1000, Per: time.Hour}}})
	var hooked atomic.Int64
	c := newClient(t, httpapi.Config{BaseURL: url, Limiter: l, OnRequest: func(int, time.Duration) { hooked.Add(1) }})
	for range 5 {
		wantText(t, c, &httpapi.Request{}, "ok")
	}
	if got, want := l.Status().Requests, requests.Load(); got != want || hooked.Load() != want || want < 6 {
		t.Errorf("%d permits and %d reports for %d requests at the server, want one each and some repeated", got, hooked.Load(), want)
	}
}
