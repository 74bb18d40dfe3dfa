package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

// errorBody is how much of a bad answer is read to understand it.
const errorBody = 64 << 10

// reasonBytes is how much of the vendor's words the reason for a pause shows.
const reasonBytes = 200

// failure is an attempt without a good answer.
type failure struct {
	err     error // complete, as the caller of Do gets to see it
	verdict Verdict
	wait    time.Duration      // the vendor asked for; 0 = did not
	reason  string             // for that wait
	limits  []ratelimit.Window // that a throttling vendor names
}

// attempt sends the request once, redirects and a replay after a renewal included.
func (c *Client) attempt(ctx context.Context, cl *call) (*Response, *failure) {
	cl.attempts++
	req, err := c.build(ctx, cl)
	if err != nil {
		return nil, &failure{err: c.fail(cl, fault.Permanent, err)}
	}
	resp, err := c.http.Do(req) //nolint:bodyclose // refused closes it, or the caller closes Response.Body
	if err != nil {
		v := Retryable(0, nil, nil, err)
		return nil, &failure{err: c.fail(cl, v.Class, err), verdict: v}
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.refused(cl, resp)
	}
	return c.accept(ctx, cl, resp)
}

// refused understands an answer with a bad status.
func (c *Client) refused(cl *call, resp *http.Response) *failure {
	text := c.consume(resp)
	e := c.describe(cl, nil)
	e.Status, e.RequestID, e.Excerpt = resp.StatusCode, c.requestID(resp.Header), excerpt(text)

	f := &failure{verdict: Retryable(resp.StatusCode, resp.Header, []byte(text), nil)}
	f.reason = fmt.Sprintf("answer %d", resp.StatusCode)
	hint := hintFor(resp.StatusCode)
	if c.cfg.Classify != nil {
		if err := c.cfg.Classify(resp.StatusCode, resp.Header, []byte(text)); err != nil {
			class := fault.ClassOf(err)
			f.verdict = Verdict{Class: class, Retry: class == fault.Throttled || class == fault.Transient, Safe: class == fault.Throttled}
			f.wait, hint, e.Err = fault.WaitOf(err), cmp.Or(fault.HintOf(err), hint), scrub(c.redact, err)
			f.reason += ": " + oneLine(e.Err.Error(), reasonBytes)
		}
	}
	if f.verdict.Class == fault.Throttled {
		f.limits = c.cfg.Limits(text)
	}
	if f.verdict.Retry {
		if wait, ok := RetryAfter(resp.Header, time.Now()); ok && wait > 0 {
			f.wait = wait
		}
	}
	f.wait = min(f.wait, MaxRetryAfter)
	f.err = &fault.Error{Class: f.verdict.Class, Hint: hint, Wait: f.wait, Err: e}
	return f
}

// accept checks that a good status comes with what was asked for.
func (c *Client) accept(ctx context.Context, cl *call, resp *http.Response) (*Response, *failure) {
	r := &Response{
		Status: resp.StatusCode, Header: resp.Header, URL: cl.shown,
		RequestID: c.requestID(resp.Header), Attempts: cl.attempts, client: c, call: cl,
	}
	b := &body{Response: r, rc: resp.Body, ctx: ctx, left: c.cfg.MaxBody}
	r.Body = b
	if cl.req.Want == "" || resp.StatusCode == http.StatusNoContent {
		return r, nil
	}
	kind, err := b.kind(cl.req.Want, resp.Header)
	if kind == wanted && err == nil {
		return r, nil
	}
	defer func() { _ = b.Close() }() // it is given up
	if err != nil {
		v := Retryable(0, nil, nil, err)
		v.Retry = v.Class == fault.Transient
		return nil, &failure{err: err, verdict: v}
	}
	text := c.redact.text(readUpTo(b, errorBody))
	e := c.describe(cl, fmt.Errorf("%s instead of %s", kind, cl.req.Want))
	e.Status, e.RequestID, e.Excerpt = resp.StatusCode, r.RequestID, excerpt(text)
	if kind == html {
		return nil, &failure{
			verdict: Verdict{Class: fault.Transient, Retry: true},
			err: &fault.Error{
				Class: fault.Transient, Err: e,
				Hint: "A page for people came back: maintenance, a login page, or a proxy on the way. Open the url in a browser if it stays so.",
			},
		}
	}
	return nil, &failure{err: &fault.Error{Class: fault.Data, Err: e, Hint: "The vendor answers in another format than it documents, or the url leads elsewhere."}}
}

// consume reads the beginning of a body, closes it and returns it without secrets.
func (c *Client) consume(resp *http.Response) string {
	defer func() { _ = resp.Body.Close() }() // it is given up
	return c.redact.text(readUpTo(resp.Body, errorBody))
}

// readUpTo returns what can be read; a body that breaks off says enough.
func readUpTo(r io.Reader, n int64) string {
	text, _ := io.ReadAll(io.LimitReader(r, n))
	return string(text)
}
