package sourcetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"exporter/ratelimit"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// Vendor is a simulated vendor behind a real server, which counts and notes the
// requests and can be stood in for.
type Vendor struct {
	URL      string
	Requests atomic.Int64

	behind http.Handler
	mu     sync.Mutex
	urls   []string
	front  http.HandlerFunc
}

// NewVendor serves a vendor until the test ends.
func NewVendor(tb testing.TB, behind http.Handler) *Vendor {
	tb.Helper()
	v := &Vendor{behind: behind}
	ts := httptest.NewServer(v)
	tb.Cleanup(ts.Close)
	v.URL = ts.URL
	return v
}

// ServeHTTP implements http.Handler.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.Requests.Add(1)
	v.mu.Lock()
	v.urls = append(v.urls, r.URL.String())
	front := v.front
	v.mu.Unlock()
	if front != nil {
		front(w, r)
		return
	}
	v.behind.ServeHTTP(w, r)
}

// SetFront lets h answer instead of the vendor, which nil sets back.
func (v *Vendor) SetFront(h http.HandlerFunc) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.front = h
}

// URLs returns what was asked for, in order.
func (v *Vendor) URLs() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.urls)
}

// Limiter returns one for the credential of a source that allows one request in
// flight and any number in time.
func Limiter(tb testing.TB, c sources.Config) *ratelimit.Limiter {
	tb.Helper()
	return Must[*ratelimit.Limiter](tb)(ratelimit.New(context.Background(), c.Credential().Name, ratelimit.Limits{Concurrency: 1}, ratelimit.Options{}))
}

// Valid fails the test for settings that have problems.
func Valid(tb testing.TB, c sources.Config, o sources.Options) {
	tb.Helper()
	for _, p := range append(c.Validate(), o.Validate()...) {
		tb.Fatalf("settings: %s: %s", p.Key, p.Text)
	}
}

// Must returns the value of a call that may not fail.
func Must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// Memory is a sources.Memory that lasts as long as the test. The zero value is empty.
type Memory struct {
	mu   sync.Mutex
	kept map[string][]byte
}

// Recall implements sources.Memory.
func (m *Memory) Recall(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[key]
	return v, ok, nil
}

// Remember implements sources.Memory.
func (m *Memory) Remember(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	m.kept[key] = value
	return nil
}

// Tokens is an httpapi.TokenStore that lasts as long as the test. The zero value is empty.
type Tokens struct {
	Kept map[string]httpapi.Token // by key; to be read while nobody logs in

	mu sync.Mutex
}

// LoadToken implements httpapi.TokenStore.
func (s *Tokens) LoadToken(_ context.Context, key string) (httpapi.Token, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.Kept[key]
	return t, ok, nil
}

// SaveToken implements httpapi.TokenStore.
func (s *Tokens) SaveToken(_ context.Context, key string, t httpapi.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Kept == nil {
		s.Kept = map[string]httpapi.Token{}
	}
	s.Kept[key] = t
	return nil
}

// ReplaceToken implements httpapi.TokenStore.
func (s *Tokens) ReplaceToken(ctx context.Context, key string, old, t httpapi.Token) (bool, error) {
	if now, _, _ := s.LoadToken(ctx, key); !now.Same(old) {
		return false, nil
	}
	return true, s.SaveToken(ctx, key, t)
}

// DeleteToken forgets a token.
func (s *Tokens) DeleteToken(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.Kept, key)
	return nil
}
