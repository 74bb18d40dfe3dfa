package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// ErrSlow is in the chain of every failure that is a vendor taking too long: what
// asks for less may succeed.
var ErrSlow = errors.New("too slow")

var (
	errNoAnswer = fmt.Errorf("%w: no answer in time", ErrSlow)
	errStalled  = fmt.Errorf("%w: body stalled", ErrSlow)
	errEndless  = fmt.Errorf("%w: body took too long", ErrSlow)
)

const (
	drainBytes = 64 << 10
	drainTime  = 100 * time.Millisecond
)

// wire is the limiter around the network: one permit for each request that really
// goes out, and the time limits of its answer.
type wire struct {
	cfg    *Config
	redact *redactor
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	cl := callOf(req.Context())
	asked := time.Now()
	permit, err := w.cfg.Limiter.Acquire(req.Context(), cl.ask)
	cl.sent = time.Now()
	cl.waited += cl.sent.Sub(asked)
	if err != nil {
		return nil, errors.Join(err, closeBody(req))
	}
	base := req.Context()
	if cl.req.Once {
		base = context.WithoutCancel(base)
	}
	ctx, cancel := context.WithCancelCause(base)
	late := time.AfterFunc(w.cfg.HeaderTimeout, func() { cancel(errNoAnswer) })
	resp, err := w.cfg.RoundTripper.RoundTrip(final(ctx, req))
	late.Stop()
	w.report(req, cl, resp, time.Since(cl.sent))
	if err != nil {
		permit.Release() // the window starts at the failure
		if errors.Is(context.Cause(ctx), errNoAnswer) {
			err = errNoAnswer
		}
		cancel(nil)
		return nil, err
	}
	permit.FirstByte()
	b := &wireBody{rc: resp.Body, ctx: ctx, cancel: cancel, release: permit.Release, wait: w.cfg.IdleTimeout}
	b.idle = time.AfterFunc(b.wait, func() { cancel(errStalled) })
	b.idle.Stop()
	b.end = time.AfterFunc(w.cfg.BodyTimeout, func() { cancel(errEndless) })
	resp.Body = b
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		resp.Body = &gunzip{packed: b}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
	}
	return resp, nil
}

// final makes req one that the transport cannot send twice on its own, which it
// does with requests it can replay when a kept connection breaks: the vendor would
// count both, the limiter one.
func final(ctx context.Context, req *http.Request) *http.Request {
	out := req.WithContext(ctx)
	out.GetBody = nil
	if out.Body == nil && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
		out.Body = nothing{}
	}
	return out
}

// nothing is an empty body that is not known to be empty. The transport looks
// into it before it sends a GET, and sends none.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) Close() error             { return nil }

func closeBody(req *http.Request) error {
	if req.Body == nil {
		return nil
	}
	return req.Body.Close()
}

func (w *wire) report(req *http.Request, cl *call, resp *http.Response, took time.Duration) {
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	w.cfg.OnRequest(status, took)
	if w.cfg.Log.Enabled(req.Context(), slog.LevelDebug) {
		w.cfg.Log.LogAttrs(req.Context(), slog.LevelDebug, "request",
			slog.String("method", req.Method), slog.String("url", w.redact.url(req.URL.String())),
			slog.Int("status", status), slog.Duration("took", took), slog.Int("attempt", cl.attempts))
	}
}

// wireBody watches over a body as it comes from the network, and holds the
// request's place in flight until it is closed.
type wireBody struct {
	rc      io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	release func()
	idle    *time.Timer // runs while a Read waits, not while the caller is busy
	wait    time.Duration
	end     *time.Timer
	ended   bool
	once    sync.Once
	err     error
}

// Read implements io.Reader.
func (b *wireBody) Read(p []byte) (int, error) {
	b.idle.Reset(b.wait)
	n, err := b.rc.Read(p)
	b.idle.Stop()
	if err != nil {
		b.ended = true
		if cause := context.Cause(b.ctx); cause != nil && !errors.Is(err, io.EOF) {
			err = cause
		}
	}
	return n, err
}

// Close reads a small rest, so that the connection can be used again, and frees
// the place in flight. It may be called more than once.
func (b *wireBody) Close() error {
	b.once.Do(func() {
		if !b.ended {
			b.wait = drainTime
			_, _ = io.CopyN(io.Discard, b, drainBytes) // a rest that does not come is given up
		}
		b.err = b.rc.Close()
		b.idle.Stop()
		b.end.Stop()
		b.cancel(nil)
		b.release()
	})
	return b.err
}

// gunzip unpacks a body. The header is read with the first byte asked for, because
// reading it may fail like any other.
type gunzip struct {
	packed io.ReadCloser
	zr     *gzip.Reader
	err    error
}

// Read implements io.Reader.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.zr == nil && g.err == nil {
		g.zr, g.err = gzip.NewReader(g.packed)
		if errors.Is(g.err, io.EOF) { // not one byte, where even an empty text has a header
			g.err = io.ErrUnexpectedEOF
		}
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.zr.Read(p)
}

// Close implements io.Closer.
func (g *gunzip) Close() error { return g.packed.Close() }
