package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick repeats without noticeable delay.
var quick = httpapi.Retry{Base: 2 * time.Millisecond}

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func newClient(t testing.TB, cfg httpapi.Config) *httpapi.Client {
	t.Helper()
	if cfg.Retry == (httpapi.Retry{}) {
		cfg.Retry = quick
	}
	c := httpapi.New(cfg)
	t.Cleanup(c.Close)
	return c
}

func newLimiter(t testing.TB, limits ratelimit.Limits) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(context.Background(), "acme", limits, ratelimit.Options{Jitter: func() time.Duration { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fetch asks, reads the whole body and closes it.
func fetch(ctx context.Context, c *httpapi.Client, r *httpapi.Request) (string, error) {
	resp, err := c.Do(ctx, r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(resp.Body)
	return string(text), errors.Join(err, resp.Body.Close())
}

func wantText(t testing.TB, c *httpapi.Client, r *httpapi.Request, want string) {
	t.Helper()
	got, err := fetch(t.Context(), c, r)
	if err != nil || got != want {
		t.Fatalf("fetch %s = %q, %v, want %q", r.URL, got, err, want)
	}
}

func wantClass(t testing.TB, err error, class fault.Class, parts ...string) {
	t.Helper()
	if fault.ClassOf(err) != class {
		t.Fatalf("error %q (%v) is %s, want %s", err, err, fault.ClassOf(err), class)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

// script answers one request after the other, the last answer for ever, and keeps
// what was asked.
type script struct {
	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   []*http.Request
	bodies  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	h := s.answers[min(len(s.asked), len(s.answers)-1)]
	s.asked = append(s.asked, r)
	s.bodies = append(s.bodies, string(text))
	s.mu.Unlock()
	h(w, r)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may have gone
	}
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pipe is a real HTTP server and a wire to it inside a synctest bubble, where
// hours pass at once.
func pipe(t *testing.T, h http.Handler) *http.Transport {
	t.Helper()
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	wire := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		a, b := net.Pipe()
		select {
		case l.conns <- b:
			return a, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	t.Cleanup(func() {
		wire.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return wire
}

// listener hands out the far ends of pipes.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }
