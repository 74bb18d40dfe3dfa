package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"exporter/settings"
)

// A ping takes no longer than pingLimit with all its tries.
const (
	pingLimit = 10 * time.Second
	pingTries = 3
	pingText  = 10_000 // bytes; healthchecks.io keeps 100 kB
)

// Endings of a ping's path, as healthchecks.io has them.
const (
	pingStart   = "start"
	pingSuccess = ""
	pingFail    = "fail"
)

// pinger sends pings in the background, those of a job one by one. A run waits for
// none and fails for none.
type pinger struct {
	client *http.Client
	log    *slog.Logger
	limit  time.Duration
	ctx    context.Context // of all requests
	stop   context.CancelFunc

	mu    sync.Mutex
	jobs  map[string]*pings
	atOne sync.WaitGroup
}

// pings are those of one job: the one under way and the one behind it.
type pings struct {
	now    *ping
	cancel context.CancelFunc // gives up now
	next   *ping
}

type ping struct {
	job  string
	to   settings.Secret
	kind string
	text string
}

func newPinger(log *slog.Logger) *pinger {
	ctx, stop := context.WithCancel(context.Background())
	return &pinger{
		client: &http.Client{
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true},
			// Wherever it leads, the address is for this host alone.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		log: log, limit: pingLimit, ctx: ctx, stop: stop, jobs: map[string]*pings{},
	}
}

// send sends a ping when the one before it of the same job is through. How a run
// ended counts more than that it began: it takes the place of a start that is still
// under way, and of whatever waits.
func (p *pinger) send(m ping) {
	m.text = strings.ToValidUTF8(m.text[:min(len(m.text), pingText)], "")
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.jobs[m.job]
	switch {
	case of == nil:
		of = &pings{}
		p.jobs[m.job] = of
		p.begin(of, &m)
	case m.kind == pingStart && of.next != nil:
	default:
		of.next = &m
		if of.now.kind == pingStart {
			of.cancel()
		}
	}
}

// begin sends m and what comes after it. The caller holds the lock.
func (p *pinger) begin(of *pings, m *ping) {
	ctx, cancel := context.WithTimeout(p.ctx, p.limit)
	of.now, of.cancel = m, cancel
	p.atOne.Go(func() {
		err := p.deliver(ctx, m)
		given := errors.Is(context.Cause(ctx), context.Canceled)
		cancel()
		if err != nil && !given {
			p.log.Warn("ping was not taken, whoever waits for it may raise an alarm", "job", m.job, "ping", m.kind, "err", err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if next := of.next; next != nil {
			of.next = nil
			p.begin(of, next)
		} else {
			delete(p.jobs, m.job)
		}
	})
}

// deliver tries until the ping is taken, refused for good or out of time.
func (p *pinger) deliver(ctx context.Context, m *ping) (err error) {
	u, err := url.Parse(m.to.Reveal())
	if err != nil {
		return errors.New("ping_url is not an address")
	}
	if m.kind != pingSuccess {
		u = u.JoinPath(m.kind)
	}
	for n := 1; ; n++ {
		again, err := p.try(ctx, u.String(), m.text)
		if err == nil || !again || n == pingTries {
			return err
		}
		if sleep(ctx, p.limit/40*time.Duration(n)) != nil {
			return err
		}
	}
}

func (p *pinger) try(ctx context.Context, address, text string) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.limit*3/10)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(text))
	if err != nil {
		return false, withoutURL(err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "exporter")
	resp, err := p.client.Do(req)
	if err != nil {
		return true, withoutURL(err)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
	err = resp.Body.Close()
	if code := resp.StatusCode; code < 200 || code > 299 {
		return code >= 500 || code == http.StatusTooManyRequests, fmt.Errorf("answered with %s", resp.Status)
	}
	return true, err
}

// withoutURL returns what went wrong without the address, which is a secret.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// close waits for the pings under way until ctx ends, then gives them up.
func (p *pinger) close(ctx context.Context) {
	sent := make(chan struct{})
	go func() {
		p.atOne.Wait()
		close(sent)
	}()
	select {
	case <-sent:
	case <-ctx.Done():
	}
	p.stop()
	<-sent
	p.client.CloseIdleConnections()
}
