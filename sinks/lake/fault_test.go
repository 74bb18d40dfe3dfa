package lake_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"exporter/fault"
	"exporter/sinks"
)

// faults are what may become of one request. All of them are to be got over.
var faults = map[string]func(w http.ResponseWriter, r *http.Request, pass func()){
	"429": func(w http.ResponseWriter, r *http.Request, _ func()) {
		_, _ = io.Copy(io.Discard, r.Body)
		refuse(w, http.StatusTooManyRequests, "rateLimitExceeded", "The object exceeded the rate limit for object mutation operations.")
	},
	"503": func(w http.ResponseWriter, r *http.Request, _ func()) {
		_, _ = io.Copy(io.Discard, r.Body)
		refuse(w, http.StatusServiceUnavailable, "backendError", "Backend error")
	},
	"reset before": func(w http.ResponseWriter, r *http.Request, _ func()) {
		_, _ = io.CopyN(io.Discard, r.Body, 100)
		hangUp(w)
	},
	"reply lost": func(w http.ResponseWriter, r *http.Request, _ func()) { hangUp(w) }, // passed before, see once
	"503 after it was done": func(w http.ResponseWriter, _ *http.Request, _ func()) {
		refuse(w, http.StatusServiceUnavailable, "backendError", "Backend error")
	},
}

// every is how many requests lie between two faults. A request that is repeated is
// one more, so that loads with the first fault at 1 to every have all requests hit.
const every = 7

// often lets a fault befall the n-th request, and each of the same remainder after
// it. came tells which were hit.
func (s *service) often(n int, name string) (came func() []string) {
	var mu sync.Mutex
	var at []string
	seen := 0
	s.on(func(w http.ResponseWriter, r *http.Request, pass func()) {
		mu.Lock()
		seen++
		hit := seen%every == n%every
		if hit {
			at = append(at, kindOf(r))
		}
		mu.Unlock()
		if !hit {
			pass()
			return
		}
		if name == "reply lost" || name == "503 after it was done" {
			s.pass(httptest.NewRecorder(), r)
		}
		faults[name](w, r, pass)
	})
	return func() []string {
		s.on(nil)
		mu.Lock()
		defer mu.Unlock()
		return at
	}
}

// TestFaults: whatever happens to requests, a load comes through once.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			p := place{objects: stored{s, "exports/"}}
			sink := openBucket(t, s, "exports", layout("parquet", "zstd"))
			hit := map[string]int{}
			for n := range every {
				if err := loadTwo(t.Context(), sink, "old", 3); err != nil {
					t.Fatal(err)
				}
				came := s.often(n, name)
				err := loadTwo(t.Context(), sink, "new", 2)
				at := came()
				for _, kind := range at {
					hit[kind]++
				}
				if err != nil {
					t.Errorf("%s of %v, the first is request %d: %v", name, at, n, err)
				}
				p.holds(t, fmt.Sprintf("%s of %v:", name, at), "new", 2)
			}
			for _, kind := range []string{"upload multipart", "copy", "delete", "list", "get"} {
				if hit[kind] == 0 {
					t.Errorf("no %s was hit: %v", kind, hit)
				}
			}
		})
	}
}

// TestAway: the service goes away before any request of a load, and comes back.
func TestAway(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for n := 1; ; n++ {
		prefix := "away-" + string(rune('a'+n/26)) + string(rune('a'+n%26))
		p := place{objects: stored{s, prefix + "/"}}
		sink := openBucket(t, s, prefix, layout("parquet", "zstd"))
		p.open = func() sinks.Sink { return sink }
		if err := loadTwo(t.Context(), sink, "old", 3); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		seen := 0
		s.on(func(w http.ResponseWriter, _ *http.Request, pass func()) {
			mu.Lock()
			seen++
			gone := seen >= n
			mu.Unlock()
			if gone {
				hangUp(w)
				return
			}
			pass()
		})
		err := loadTwo(t.Context(), sink, "new", 2)
		s.on(nil)
		mu.Lock()
		reached := seen >= n
		mu.Unlock()
		if !reached {
			break
		}
		if err != nil && (fault.ClassOf(err) != fault.Transient || fault.HintOf(err) == "") {
			t.Errorf("away since request %d: %v (class %s, hint %q)", n, err, fault.ClassOf(err), fault.HintOf(err))
		}
		p.agrees(t, "after the service came back")
		if err := loadTwo(t.Context(), sink, "new", 2); err != nil {
			t.Fatalf("away since request %d, and back: %v", n, err)
		}
		p.holds(t, "after the service came back and a load", "new", 2)
	}
}

// TestChunks: a large object goes in chunks, each of which may fail, and is there
// entirely or not at all.
func TestChunks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"none", "503", "reset before", "reply lost", "503 after it was done"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.forgets = name == "reply lost"
			sink := openBucket(t, s, "exports", layout("csv", "none"))
			rows := batch(0, 9, strings.Repeat("x", 100<<10))
			seen := 0
			from := stored{s, "exports/"}
			var mu sync.Mutex
			s.on(func(w http.ResponseWriter, r *http.Request, pass func()) {
				mu.Lock()
				defer mu.Unlock()
				if kindOf(r) != "chunk" {
					pass()
					return
				}
				if left, err := table(from, "facts", facts.Columns); err != nil || len(left) > 0 {
					t.Errorf("before its last chunk readers see %d rows: %v", len(left), err)
				}
				seen++
				switch {
				case name == "none" || seen%2 == 0:
					pass()
				case name == "reply lost" || name == "503 after it was done":
					s.pass(httptest.NewRecorder(), r)
					faults[name](w, r, pass)
				default:
					faults[name](w, r, pass)
				}
			})
			err := try(t, sink, loadOf(facts, rows), rows)
			s.on(nil)
			if err != nil {
				t.Fatal(err)
			}
			if seen < 3 {
				t.Errorf("%d chunks, want several", seen)
			}
			got, err := table(from, "facts", facts.Columns)
			if err != nil || len(got) != 9 || got[8][1] != strings.Repeat("x", 100<<10) {
				t.Errorf("readers see %d rows: %v", len(got), err)
			}
		})
	}
}

// TestCorruption: bytes that change on the way make no object.
func TestCorruption(t *testing.T) {
	t.Parallel()
	s := newService(t)
	sink := openBucket(t, s, "exports", layout("csv", "none"))
	for _, size := range []int{100, 200 << 10} { // one request; chunks
		rows := batch(0, 5, strings.Repeat("x", size))
		s.on(func(w http.ResponseWriter, r *http.Request, pass func()) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if k := kindOf(r); k == "chunk" || k == "upload multipart" {
				body = bytes.ReplaceAll(body, []byte("xxxxx"), []byte("xxyxx"))
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			pass()
		})
		err := try(t, sink, loadOf(facts, rows), rows)
		s.on(nil)
		if err == nil || fault.ClassOf(err) == fault.Permanent {
			t.Errorf("%d bytes: %v (class %s)", size, err, fault.ClassOf(err))
		}
		names, err := stored{s, "exports/"}.names()
		if err != nil || len(names) > 0 {
			t.Errorf("%d bytes: there is %v, %v", size, names, err)
		}
	}
}
