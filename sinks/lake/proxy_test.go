package lake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// service is an emulator of the service over HTTP. In front of it stands what the
// emulator lacks, preconditions of copies and deletions, and what goes wrong.
type service struct {
	fake *fakestorage.Server
	http *httptest.Server

	turn sync.Mutex // one change at a time, so that a precondition holds while it is made

	mu      sync.Mutex
	away    bool
	fault   func(w http.ResponseWriter, r *http.Request, pass func()) // decides what becomes of a request
	chunks  map[string]*httptest.ResponseRecorder                     // replies to chunks of uploads
	forgets bool                                                      // an upload that has ended is not known any more
}

// newService starts one.
func newService(t testing.TB) *service {
	t.Helper()
	s := &service{chunks: make(map[string]*httptest.ResponseRecorder)}
	s.http = httptest.NewUnstartedServer(s)
	at := "http://" + s.http.Listener.Addr().String()
	var err error
	if s.fake, err = fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: at, Writer: io.Discard}); err != nil {
		t.Fatal(err)
	}
	s.fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: testBucket})
	s.http.Start()
	t.Cleanup(s.http.Close)
	return s
}

// on sets what becomes of requests; nil lets all pass.
func (s *service) on(f func(w http.ResponseWriter, r *http.Request, pass func())) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *service) setAway(away bool) {
	s.mu.Lock()
	s.away = away
	s.mu.Unlock()
	s.http.CloseClientConnections()
}

// ServeHTTP implements http.Handler.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	away, fault := s.away, s.fault
	s.mu.Unlock()
	// The client uses the memory of a chunk again once it is answered, also while the
	// chunk is being sent: whoever answers in the middle makes it race with itself.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // nobody is there to answer
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if away {
		hangUp(w)
		return
	}
	pass := func() { s.pass(w, r) }
	if fault != nil {
		fault(w, r, pass)
		return
	}
	pass()
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

var (
	copyPath   = regexp.MustCompile(`/rewriteTo/b/[^/]+/o/([^/]+)$`)
	objectPath = regexp.MustCompile(`^/storage/v1/b/[^/]+/o/([^/]+)$`)
)

// kindOf names what a request does.
func kindOf(r *http.Request) string {
	switch {
	case strings.HasPrefix(r.URL.Path, "/upload/") && r.URL.Query().Get("upload_id") == "" && !strings.HasPrefix(r.URL.Path, "/upload/resumable"):
		return "upload " + r.URL.Query().Get("uploadType")
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		return "chunk"
	case copyPath.MatchString(r.URL.EscapedPath()):
		return "copy"
	case r.Method == http.MethodDelete:
		return "delete"
	case strings.HasSuffix(r.URL.Path, "/o"):
		return "list"
	}
	return "get"
}

// pass hands a request to the emulator, if its precondition holds.
func (s *service) pass(w http.ResponseWriter, r *http.Request) {
	kind := kindOf(r)
	if kind == "get" || kind == "list" {
		s.fake.HTTPHandler().ServeHTTP(w, r)
		return
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if kind == "chunk" {
		s.chunk(w, r)
		return
	}
	var target []string
	switch kind {
	case "copy":
		target = copyPath.FindStringSubmatch(r.URL.EscapedPath())
	case "delete":
		target = objectPath.FindStringSubmatch(r.URL.EscapedPath())
	}
	if want := r.URL.Query().Get("ifGenerationMatch"); target != nil && want != "" {
		name, err := url.PathUnescape(target[1])
		if err != nil || strconv.FormatInt(s.generation(name), 10) != want {
			refuse(w, http.StatusPreconditionFailed, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
			return
		}
	}
	s.fake.HTTPHandler().ServeHTTP(w, r)
}

// chunk takes a chunk once, as the service does; the emulator takes it as often as
// it comes.
func (s *service) chunk(w http.ResponseWriter, r *http.Request) {
	key := r.URL.String() + " " + r.Header.Get("Content-Range")
	last := !strings.HasSuffix(key, "/*")
	reply := s.chunks[key]
	if reply == nil || strings.Contains(key, "bytes */") || last && s.forgets {
		reply = httptest.NewRecorder()
		s.fake.HTTPHandler().ServeHTTP(reply, r)
		s.chunks[key] = reply
	}
	_, _ = io.Copy(io.Discard, r.Body) // the library fills its buffer anew when the reply is there
	maps.Copy(w.Header(), reply.Header())
	w.WriteHeader(reply.Code)
	_, _ = w.Write(reply.Body.Bytes()) // whoever hung up does not read
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": code, "message": message, "errors": []map[string]string{{"reason": reason, "message": message, "domain": "global"}},
	}})
}

func (s *service) generation(name string) int64 {
	o, err := s.fake.GetObjectStreaming(testBucket, name)
	if err != nil {
		return 0
	}
	defer o.Close() //nolint:errcheck // was only read
	return o.Generation
}

// stored is a reader of the objects below a prefix, past all that goes wrong.
type stored struct {
	*service
	prefix string
}

func (s stored) names() ([]string, error) { return s.below("") }

func (s stored) below(start string) (list []string, err error) {
	all, err := s.fake.ListObjectsWithOptionsPaginated(testBucket, fakestorage.ListOptions{Prefix: s.prefix + start})
	for _, o := range all.Objects {
		list = append(list, strings.TrimPrefix(o.Name, s.prefix))
	}
	slices.Sort(list)
	return list, err
}

func (s stored) get(name string, generation int64) ([]byte, error) {
	o, err := s.fake.GetObjectStreaming(testBucket, s.prefix+name)
	if err != nil {
		return nil, errNoObject
	}
	defer o.Close() //nolint:errcheck // was only read
	if generation != 0 && o.Generation != generation {
		return nil, errNoObject
	}
	var b bytes.Buffer
	_, err = io.Copy(&b, o.Content)
	return b.Bytes(), errors.Join(err)
}

// remove removes what begins with a name.
func (s stored) remove(t testing.TB, start string) {
	t.Helper()
	names, err := s.names()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n, start) {
			if err := s.fake.Backend().DeleteObject(testBucket, s.prefix+n); err != nil {
				t.Fatal(err)
			}
		}
	}
}
