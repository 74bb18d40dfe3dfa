package faults

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Fault is what happens to one call. A Kind of "" means nothing but Delay.
type Fault struct {
	Rule
	Delay   time.Duration
	release <-chan struct{}
}

// ErrCut ends the writing of an answer whose rest nobody is to see.
var ErrCut = errors.New("answer cut by a fault")

const keptBack = 9 // more than a gzip trailer, so that a cut stream is never whole by chance

// Wait lasts as long as the delay, or until ctx ends.
func (f *Fault) Wait(ctx context.Context) {
	if f.Delay <= 0 {
		return
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Answer writes the answer of a fault that replaces the whole answer and reports
// whether it did. [Envelope] and faults of the body are left to the caller.
func (f *Fault) Answer(w http.ResponseWriter) (bool, error) {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	body := f.Body
	switch f.Kind {
	case Status, Empty:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if body == "" {
			body = "<html><head><title>Service Unavailable</title></head><body><h1>Please try again later</h1></body></html>\n"
		}
	case Reset:
		if f.Bytes > 0 {
			return false, nil
		}
		reset(w, false)
		return true, nil
	default:
		return false, nil
	}
	if f.Kind == Empty {
		body = ""
	}
	w.WriteHeader(status)
	_, err := io.WriteString(w, body)
	return true, err
}

// Plain wraps the writer that takes the document before compression.
func (f *Fault) Plain(w io.Writer, gzipped bool) io.Writer {
	if f.Kind == TruncatedJSON || f.Kind == TruncatedGzip && !gzipped {
		return &cutter{w: w, left: f.Bytes}
	}
	return w
}

// Wire wraps the writer that takes what is sent, for the call whose context is ctx.
func (f *Fault) Wire(ctx context.Context, w http.ResponseWriter, gzipped bool) io.Writer {
	switch {
	case f.Kind == TruncatedGzip && gzipped:
		return &cutter{w: w, left: f.Bytes}
	case f.Kind == Stall:
		return &breaker{w: w, left: f.Bytes, snap: func() error { return f.stall(ctx, w) }}
	case f.Kind == Reset:
		return &breaker{w: w, left: f.Bytes, snap: func() error { reset(w, true); return ErrCut }}
	default:
		return w
	}
}

func (f *Fault) stall(ctx context.Context, w http.ResponseWriter) error {
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	select {
	case <-f.release:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// reset makes the caller's next read fail with a reset connection. Where the
// connection cannot be had (HTTP/2, a recorder), net/http aborts the answer.
func reset(w http.ResponseWriter, begun bool) {
	rc := http.NewResponseController(w)
	var flushed error
	if begun { // what was written goes out first; without anything written a flush would send a status
		flushed = rc.Flush()
	}
	conn, _, err := rc.Hijack()
	if err != nil || flushed != nil {
		panic(http.ErrAbortHandler) // the documented way to abort an answer
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = tcp.SetLinger(0) // close with RST; without it the close is a plain one, still in the middle of the answer
	}
	if errors.Join(err, conn.Close()) != nil {
		return // already gone, which is what was wanted
	}
}

// cutter passes left bytes on and drops the rest, at least the last keptBack bytes.
type cutter struct {
	w    io.Writer
	left int
	held []byte
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.left == 0 {
		return len(p), nil
	}
	c.held = append(c.held, p...)
	n := min(c.left, len(c.held)-keptBack)
	if n <= 0 {
		return len(p), nil
	}
	c.left -= n
	_, err := c.w.Write(c.held[:n])
	c.held = append(c.held[:0], c.held[n:]...)
	return len(p), err
}

// breaker passes left bytes on, then runs snap once and goes on if it allows.
type breaker struct {
	w    io.Writer
	left int
	snap func() error
}

func (b *breaker) Write(p []byte) (int, error) {
	if b.snap == nil {
		return b.w.Write(p)
	}
	n := min(b.left, len(p))
	if n > 0 {
		if _, err := b.w.Write(p[:n]); err != nil {
			return 0, err
		}
		b.left -= n
	}
	if n == len(p) {
		return n, nil
	}
	snap := b.snap
	b.snap = nil
	if err := snap(); err != nil {
		return n, err
	}
	m, err := b.w.Write(p[n:])
	return n + m, err
}
