package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

// long does not fit into one buffer, packed or not.
var long = func() string {
	var b strings.Builder
	for i := range 10_000 {
		b.WriteString(time.Unix(int64(i)*7919, 0).UTC().Format(time.RFC3339))
	}
	return b.String()
}()

func send(packedBody bool, parts ...[]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if packedBody {
			w.Header().Set("Content-Encoding", "gzip")
		}
		for _, p := range parts {
			_, _ = w.Write(p) // the client may have gone
		}
	}
}

func TestBody(t *testing.T) {
	zip := packed(long)
	broken := append([]byte{}, zip...)
	broken[len(broken)-6] ^= 1 // in the checksum
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		send(false, []byte("only this"))(w, r)
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		class  fault.Class
		cause  error
	}{
		{"plain", send(false, []byte(long)), "", nil},
		{"gzip", send(true, zip), "", nil},
		{"gzip in two members", send(true, packed(long[:1000]), packed(long[1000:])), "", nil},
		{"gzip truncated", send(true, zip[:len(zip)/2]), fault.Transient, io.ErrUnexpectedEOF},
		{"gzip without trailer", send(true, zip[:len(zip)-4]), fault.Transient, io.ErrUnexpectedEOF},
		{"gzip without a byte", send(true), fault.Transient, io.ErrUnexpectedEOF},
		{"gzip corrupt", send(true, broken), fault.Transient, nil},
		{"gzip that is none", send(true, []byte("plain text, really")), fault.Transient, nil},
		{"shorter than announced", cut, fault.Transient, io.ErrUnexpectedEOF},
		{"longer than the bound", send(false, []byte(long), []byte("x")), fault.Data, nil},
		{"bomb", send(true, packed(strings.Repeat("0", 10*len(long)))), fault.Data, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLimiter(t, ratelimit.Limits{Concurrency: 1})
			c := newClient(t, httpapi.Config{BaseURL: serve(t, tt.answer).URL, MaxBody: int64(len(long)), Limiter: l})
			got, err := fetch(t.Context(), c, &httpapi.Request{URL: "?api_key=TOPSECRET"})
			if tt.class == "" {
				if err != nil || got != long {
					t.Fatalf("read %d bytes, %v, want %d", len(got), err, len(long))
				}
				return
			}
			wantClass(t, err, tt.class, "read body", "(GET 127.0.0.1")
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("error %v hides %v", err, tt.cause)
			}
			if len(got) > len(long) || l.Status().InFlight != 0 {
				t.Errorf("read %d bytes of at most %d; in flight: %d", len(got), len(long), l.Status().InFlight)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	wait := func(r *http.Request, d time.Duration) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	}
	drip := func(every time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for range 100 {
				_, _ = w.Write([]byte("x"))               // the client may have gone
				_ = http.NewResponseController(w).Flush() // as well
				wait(r, every)
			}
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		after  time.Duration
		text   string
	}{
		{"no headers", func(_ http.ResponseWriter, r *http.Request) { wait(r, time.Hour) }, 180 * time.Second, "no answer in time"},
		{"stalled body", drip(time.Hour), time.Minute, "body stalled"},
		{"endless body", drip(50 * time.Second), 30 * time.Minute, "body took too long"},
		{"slow but alive", drip(10 * time.Second), 1000 * time.Second, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, tt.answer), Retry: httpapi.Retry{MaxAttempts: 1}})
				start := time.Now()
				_, err := fetch(t.Context(), c, &httpapi.Request{})
				if got := time.Since(start); got != tt.after {
					t.Errorf("ended after %s, want %s (%v)", got, tt.after, err)
				}
				if tt.text == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				wantClass(t, err, fault.Transient, tt.text)
			})
		})
	}
}

func TestSlowReaderIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, send(false, []byte(long)))})
		resp, err := c.Do(t.Context(), &httpapi.Request{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 100); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute) // a sink that is busy
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != int64(len(long)-100) {
			t.Errorf("read %d more bytes, %v", n, err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReset(t *testing.T) {
	reset := func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")
		_ = buf.Flush()
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the next Close is a reset
		}
		_ = conn.Close()
	}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, reset).URL, Retry: httpapi.Retry{MaxAttempts: 1}})
	_, err := fetch(t.Context(), c, &httpapi.Request{})
	wantClass(t, err, fault.Transient) // in the headers or in the body, as the reset arrives
}

func TestOnceIsBroughtToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		slow := func(w http.ResponseWriter, r *http.Request) {
			cancel() // the program is asked to stop while the vendor changes the token
			time.Sleep(5 * time.Second)
			if r.Context().Err() != nil {
				t.Error("the request was cut off")
			}
			_, _ = io.WriteString(w, "new token")
		}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, http.HandlerFunc(slow))})
		got, err := fetch(ctx, c, &httpapi.Request{Once: true})
		if err != nil || got != "new token" {
			t.Errorf("got %q, %v, want the answer although the context ended", got, err)
		}
	})
}
