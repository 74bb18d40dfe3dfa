package jobs

import (
	"context"
	"log/slog"
	"time"

	"exporter/settings"
)

// TellLate tells of jobs that have become late.
func TellLate(ctx context.Context, e *Engine, known map[string]time.Time) error {
	return e.tellLate(ctx, known)
}

// FlushPings waits until all pings are sent.
func FlushPings(e *Engine) { e.pings.atOne.Wait() }

// SetPingLimit changes how long a ping may take.
func (e *Engine) SetPingLimit(d time.Duration) { e.pings.limit = d }

// Pinger is one that sends pings to an address.
type Pinger struct{ *pinger }

// NewPinger returns one with an hour for each ping.
func NewPinger(log *slog.Logger) Pinger {
	p := newPinger(log)
	p.limit = time.Hour
	return Pinger{p}
}

// Send sends a ping of kind start, fail or "".
func (p Pinger) Send(address, kind, text string) {
	p.send(ping{job: "a", to: settings.Secret(address), kind: kind, text: text})
}

// SetLimit changes how long a ping may take.
func (p Pinger) SetLimit(d time.Duration) { p.limit = d }

// Close waits for what is under way until ctx ends.
func (p Pinger) Close(ctx context.Context) { p.close(ctx) }
