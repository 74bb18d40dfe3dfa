package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"exporter/fault"
	"exporter/ratelimit"
)

// Client asks one vendor for one source. It is safe for concurrent use.
type Client struct {
	cfg     Config
	err     error // of the configuration
	http    *http.Client
	redact  *redactor
	origins map[string]bool
}

// connect builds the layers below the retries.
func (c *Client) connect() {
	var rt http.RoundTripper = &wire{cfg: &c.cfg, redact: c.redact}
	if c.cfg.Auth != nil {
		bare := *c
		bare.cfg.Auth = nil
		bare.connect()
		rt = &authTransport{auth: c.cfg.Auth, bare: &bare, next: rt}
	}
	c.http = &http.Client{Transport: rt, CheckRedirect: c.checkRedirect}
}

// Redact blots the client's secrets out of a text of the vendor.
func (c *Client) Redact(text string) string { return c.redact.text(text) }

// AddSecret makes Redact, errors and logs blot out one more value.
func (c *Client) AddSecret(value string) { c.redact.add(value) }

// Close closes idle connections. Bodies still open go on.
func (c *Client) Close() {
	if t, ok := c.cfg.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Do asks until the status is 2xx and the headers are good, and returns the
// response with its body still to be read, which the caller closes. Errors are
// of package fault, around an [*Error].
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	cl, err := c.newCall(r)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, callKey{}, cl)
	delays := &backoff.ExponentialBackOff{ // a factor of 1 draws from [0, 2·interval): full jitter
		InitialInterval: c.cfg.Retry.Base / 2, RandomizationFactor: 1, Multiplier: 2, MaxInterval: c.cfg.Retry.Cap / 2,
	}
	for {
		resp, failed := c.attempt(ctx, cl)
		if failed == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, c.interrupted(ctx, cl)
		}
		delay, err := c.next(ctx, cl, failed, delays)
		if err != nil {
			return nil, err
		}
		if !sleep(ctx, delay) {
			return nil, c.interrupted(ctx, cl)
		}
	}
}

// next decides what follows a failed attempt: an error, or another attempt after a
// delay. A throttled attempt pauses the limiter instead of delaying.
func (c *Client) next(ctx context.Context, cl *call, f *failure, delays backoff.BackOff) (time.Duration, error) {
	if !f.verdict.Retry || cl.req.Once && !f.verdict.Safe {
		return 0, f.err
	}
	delay := delays.NextBackOff()
	if f.verdict.Class == fault.Throttled {
		if f.wait <= 0 { // the vendor did not say
			f.wait = max(delay, c.cfg.Retry.Base/2)
		}
		return 0, c.pause(ctx, cl, f)
	}
	cl.failures++
	if cl.failures >= c.cfg.Retry.MaxAttempts {
		return 0, f.err
	}
	if f.wait > 0 {
		return 0, c.pause(ctx, cl, f)
	}
	if time.Since(cl.started)-cl.waited+delay > c.cfg.Retry.MaxElapsed {
		return 0, f.err
	}
	c.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "request failed, it is sent again",
		slog.Any("err", f.err), slog.Int("attempt", cl.attempts), slog.Duration("wait", delay))
	return delay, nil
}

// pause holds back the whole credential as the vendor asked. It fails once a
// single request has been put off for longer than the limiter lets any wait.
func (c *Client) pause(ctx context.Context, cl *call, f *failure) error {
	cl.throttled += f.wait
	if err := c.throttle(ctx, cl, f); err != nil {
		return err
	}
	if most := c.cfg.Limiter.MaxWait(); cl.throttled > most {
		until := time.Now().Add(f.wait).UTC().Format(time.RFC3339)
		return fault.New(fault.Parked, "put off until %s, by %s in all: %w", until, cl.throttled, f.err).WithWait(f.wait).
			WithHint("The vendor asks for more patience than max_wait (%s). The slice goes on from its checkpoint in a later run; lower the source's limits if this happens often.", most)
	}
	return nil
}

// throttle holds back all requests of the credential for the wait of f; if the
// vendor refused because of its limits, it also slows them down.
func (c *Client) throttle(ctx context.Context, cl *call, f *failure) error {
	c.cfg.OnThrottle(f.wait)
	var err error
	if f.verdict.Class == fault.Throttled {
		err = c.cfg.Limiter.Throttled(ratelimit.Throttle{Class: cl.ask.Class, Sent: cl.sent, Wait: f.wait, Reason: f.reason, Limits: f.limits})
	} else {
		err = c.cfg.Limiter.PauseFor(f.wait, f.reason)
	}
	c.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "throttled, all requests of the credential wait",
		slog.String("url", cl.shown), slog.String("reason", f.reason), slog.Duration("wait", f.wait),
		slog.Bool("capped", f.wait == MaxRetryAfter), slog.String("lowered", c.cfg.Limiter.Lowered()))
	if err != nil {
		return c.fail(cl, fault.ClassOf(err), err)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
