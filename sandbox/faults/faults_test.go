package faults_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/faults"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newSet(t *testing.T, rules ...faults.Rule) *faults.Set {
	t.Helper()
	s, err := faults.NewSet(1, rules...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhichCalls(t *testing.T) {
	const kind = faults.Empty
	cases := map[string]struct {
		rule faults.Rule
		want string // of ten calls, x = broken
	}{
		"all":            {faults.Rule{}, "xxxxxxxxxx"},
		"from":           {faults.Rule{From: 8}, ".......xxx"},
		"range":          {faults.Rule{From: 3, To: 5}, "..xxx....."},
		"every third":    {faults.Rule{From: 3, Every: 3}, "..x..x..x."},
		"two":            {faults.Rule{Times: 2}, "xx........"},
		"every with end": {faults.Rule{Every: 2, To: 5}, "x.x.x....."},
		"even calls":     {faults.Rule{Query: "even"}, ".x.x.x.x.x"},
		"second even":    {faults.Rule{Query: "even", From: 2, Times: 1}, "...x......"},
		"operation":      {faults.Rule{Operation: "list"}, ".........."},
		"credential":     {faults.Rule{Credential: "b", Times: 1}, "x........."},
		"no credential":  {faults.Rule{Credential: "c"}, ".........."},
	}
	for name, c := range cases {
		c.rule.Kind = kind
		s := newSet(t, c.rule)
		var got strings.Builder
		for i := range 10 {
			call := faults.Call{Operation: "read", Credentials: []string{"a", "b"}, Query: []string{"page=odd", "page=even"}[i%2]}
			mark := "."
			if s.Pick(call).Kind == kind {
				mark = "x"
			}
			got.WriteString(mark)
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, &got, c.want)
		}
	}
}

func TestFirstRuleWinsAndDelaysAdd(t *testing.T) {
	s := newSet(t,
		faults.Rule{Kind: faults.Latency, DelayMillis: 5},
		faults.Rule{Kind: faults.HTML, To: 1, DelayMillis: 2},
		faults.Rule{Kind: faults.Status, Status: 502},
		faults.Rule{Kind: faults.Latency, DelayMillis: 10})
	first, second := s.Pick(faults.Call{}), s.Pick(faults.Call{})
	if first.Kind != faults.HTML || first.Delay != 17*time.Millisecond || second.Kind != faults.Status || second.Delay != 15*time.Millisecond {
		t.Errorf("first %s after %v, second %s after %v", first.Kind, first.Delay, second.Kind, second.Delay)
	}
	var hits []int
	for _, state := range s.States() {
		hits = append(hits, state.Hits)
	}
	if diff := cmp.Diff([]int{2, 1, 1, 2}, hits); diff != "" {
		t.Errorf("hits (-want +got):\n%s", diff)
	}
	s.Clear()
	if f := s.Pick(faults.Call{}); f.Kind != "" || f.Delay != 0 {
		t.Errorf("after clearing: %+v", f)
	}
}

func TestJitterIsSeeded(t *testing.T) {
	delays := func(seed uint64) []time.Duration {
		s, err := faults.NewSet(seed, faults.Rule{Kind: faults.Latency, JitterMillis: 5})
		if err != nil {
			t.Fatal(err)
		}
		var out []time.Duration
		for range 50 {
			d := s.Pick(faults.Call{}).Delay
			if d < 0 || d > 5*time.Millisecond {
				t.Fatalf("delay %v", d)
			}
			out = append(out, d)
		}
		return out
	}
	if !cmp.Equal(delays(1), delays(1)) || cmp.Equal(delays(1), delays(2)) {
		t.Error("delays do not follow the seed")
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSet(t, faults.Rule{Kind: faults.Latency, DelayMillis: 3000}).Pick(faults.Call{})
		start := time.Now()
		f.Wait(t.Context())
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("waited %v", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f.Wait(ctx)
		if got := time.Since(start); got != 4*time.Second {
			t.Errorf("waited %v with a caller that gave up", got-3*time.Second)
		}
	})
}

func TestBadRules(t *testing.T) {
	for _, r := range []faults.Rule{
		{}, {Kind: "explode"}, {Kind: faults.Status}, {Kind: faults.Status, Status: 99}, {Kind: faults.Latency}, {Kind: faults.Empty, From: -1},
	} {
		if _, err := faults.NewSet(1, r); err == nil {
			t.Errorf("%+v is accepted", r)
		}
	}
}

const document = `{"rows":["one","two","three","four","five","six","seven","eight"]}`

// serve answers the document through the fault that the rule leads to.
func serve(t *testing.T, set *faults.Set, zipped bool) *http.Client {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := set.Pick(faults.Call{})
		if done, err := f.Answer(w); done || err != nil {
			return
		}
		if !zipped {
			_, _ = io.WriteString(f.Plain(f.Wire(r.Context(), w, false), false), document)
			return
		}
		z := gzip.NewWriter(f.Wire(r.Context(), w, true))
		if _, err := io.WriteString(f.Plain(z, true), document); err == nil {
			_ = z.Close()
		}
	}))
	srv.Start()
	t.Cleanup(srv.Close)
	client := srv.Client()
	client.Transport = rewrite{srv.URL, &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// rewrite sends every request to one server.
type rewrite struct {
	base string
	*http.Transport
}

func (r rewrite) RoundTrip(req *http.Request) (*http.Response, error) {
	next, err := http.NewRequestWithContext(req.Context(), req.Method, r.base, req.Body)
	if err != nil {
		return nil, err
	}
	return r.Transport.RoundTrip(next)
}

type outcome struct {
	Status int
	Body   string
	Err    error
}

func get(ctx context.Context, client *http.Client) outcome {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sandbox.invalid/", http.NoBody)
	if err != nil {
		return outcome{Err: err}
	}
	res, err := client.Do(req)
	if err != nil {
		return outcome{Err: err}
	}
	body, err := io.ReadAll(res.Body)
	return outcome{res.StatusCode, string(body), errors.Join(err, res.Body.Close())}
}

func TestAnswers(t *testing.T) {
	cases := map[string]struct {
		rule faults.Rule
		want outcome
	}{
		"500":            {faults.Rule{Kind: faults.Status, Status: 500, Body: "boom"}, outcome{500, "boom", nil}},
		"504 empty":      {faults.Rule{Kind: faults.Status, Status: 504}, outcome{504, "", nil}},
		"empty":          {faults.Rule{Kind: faults.Empty, Body: "no"}, outcome{200, "", nil}},
		"html":           {faults.Rule{Kind: faults.HTML, Body: "<html>"}, outcome{200, "<html>", nil}},
		"html 503":       {faults.Rule{Kind: faults.HTML, Status: 503, Body: "<html>"}, outcome{503, "<html>", nil}},
		"cut":            {faults.Rule{Kind: faults.TruncatedJSON, Bytes: 10}, outcome{200, document[:10], nil}},
		"cut at nothing": {faults.Rule{Kind: faults.TruncatedJSON}, outcome{200, "", nil}},
		"cut far behind": {faults.Rule{Kind: faults.TruncatedJSON, Bytes: 1 << 20}, outcome{200, document[:len(document)-9], nil}},
		"no gzip to cut": {faults.Rule{Kind: faults.TruncatedGzip, Bytes: 5}, outcome{200, document[:5], nil}},
		"late":           {faults.Rule{Kind: faults.Latency, JitterMillis: 1}, outcome{200, document, nil}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := get(t.Context(), serve(t, newSet(t, c.rule), false))
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestTruncatedGzip(t *testing.T) {
	for _, cut := range []int{0, 15, 1 << 20} {
		got := get(t.Context(), serve(t, newSet(t, faults.Rule{Kind: faults.TruncatedGzip, Bytes: cut}), true))
		if got.Err != nil || got.Status != 200 {
			t.Fatalf("cut at %d: %+v", cut, got)
		}
		z, err := gzip.NewReader(strings.NewReader(got.Body))
		if err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("cut at %d: reading %d bytes: %v, want an unexpected end", cut, len(got.Body), err)
		}
	}
}

func TestReset(t *testing.T) {
	got := get(t.Context(), serve(t, newSet(t, faults.Rule{Kind: faults.Reset}), false))
	if !errors.Is(got.Err, syscall.ECONNRESET) || got.Status != 0 {
		t.Errorf("reset before the answer: %+v, want a reset connection", got)
	}
	got = get(t.Context(), serve(t, newSet(t, faults.Rule{Kind: faults.Reset, Bytes: 20}), false))
	if !errors.Is(got.Err, syscall.ECONNRESET) || !strings.HasPrefix(document, got.Body) {
		t.Errorf("reset in the answer: %+v, want a reset connection", got)
	}
	rec := httptest.NewRecorder()
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("without a connection to reset: %v, want an aborted handler", err)
		}
	}()
	_, err := newSet(t, faults.Rule{Kind: faults.Reset}).Pick(faults.Call{}).Answer(rec)
	t.Errorf("answered a recorder: %v", err)
}

func TestStall(t *testing.T) {
	set := newSet(t, faults.Rule{Kind: faults.Stall, Bytes: 10})
	client := serve(t, set, false)
	begin := func(ctx context.Context) (*http.Response, []byte) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sandbox.invalid/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 10)
		if _, err := io.ReadFull(res.Body, first); err != nil {
			t.Fatal(err)
		}
		return res, first
	}

	res, first := begin(t.Context())
	set.Release()
	rest, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if got := string(append(bytes.Clone(first), rest...)); got != document {
		t.Errorf("released answer is %s", got)
	}

	ctx, giveUp := context.WithCancel(t.Context())
	res, _ = begin(ctx)
	giveUp()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("stalled answer ended with %v", err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
}
