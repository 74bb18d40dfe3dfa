package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"exporter/fault"
)

// noticeWait is the pause after a throttle notice that does not say how long.
const noticeWait = 10 * time.Second

// Response is a good answer whose body is still to be read.
type Response struct {
	Status    int
	Header    http.Header
	Body      io.ReadCloser // unpacked and bounded; close it to free the place in flight
	URL       string        // as asked for, without secrets
	RequestID string        // the vendor's name for the request, "" if it gave none
	Attempts  int

	client *Client
	call   *call
}

// Throttled handles a throttle notice that the source found inside a good answer:
// it pauses every worker of the credential and returns the error to return. A
// wait of 0 means the notice does not say how long.
func (r *Response) Throttled(wait time.Duration, reason string) error {
	if wait <= 0 {
		wait = noticeWait
	}
	wait = min(wait, MaxRetryAfter)
	reason = r.client.redact.text(reason)
	f := &failure{verdict: Verdict{Class: fault.Throttled}, wait: wait, reason: oneLine(reason, reasonBytes), limits: r.client.cfg.Limits(reason)}
	if err := r.client.throttle(context.Background(), r.call, f); err != nil {
		return err
	}
	e := r.client.describe(r.call, errors.New(reason))
	e.Status, e.RequestID = r.Status, r.RequestID
	return &fault.Error{Class: fault.Throttled, Wait: wait, Err: e, Hint: hintFor(http.StatusTooManyRequests)}
}

// body is the body of a good answer: bounded, its errors classified and final.
type body struct {
	*Response
	rc   io.ReadCloser
	ctx  context.Context // the caller's, of Do
	head []byte          // read ahead to look at it
	left int64
	err  error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.rc.Read(p)
	if int64(n) > b.left {
		n, b.err = int(b.left), b.tooLong()
		b.left = 0
		return n, b.err
	}
	b.left -= int64(n)
	if err != nil {
		b.err = b.classify(err)
	}
	return n, b.err
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
	}
	b.head = nil
	return b.rc.Close()
}

func (b *body) tooLong() error {
	return b.fail(fault.Data, errors.New("it is longer than the bound")).
		WithHint("More than %d bytes came back. Ask for shorter intervals or smaller pages.", b.client.cfg.MaxBody)
}

func (b *body) classify(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	if b.ctx.Err() != nil {
		return b.client.interrupted(b.ctx, b.call)
	}
	return b.fail(fault.Transient, err)
}

func (b *body) fail(class fault.Class, cause error) *fault.Error {
	e := b.client.describe(b.call, cause)
	e.Status, e.RequestID, e.Doing = b.Status, b.RequestID, "read body"
	return &fault.Error{Class: class, Err: e}
}

// kind looks at the header, and where that says little at the beginning of the body.
func (b *body) kind(want string, header http.Header) (string, error) {
	k := mediaKind(header, nil)
	if k == wanted {
		var start bytes.Buffer
		if _, err := io.CopyN(&start, b, 64); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		b.head = start.Bytes()
		return mediaKind(header, b.head), nil
	}
	if strings.EqualFold(k, want) || k == "text/json" && want == "application/json" {
		return wanted, nil
	}
	if _, suffix, ok := strings.Cut(want, "/"); ok && strings.HasSuffix(k, "+"+suffix) {
		return wanted, nil
	}
	return k, nil
}
