package main

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"exporter/ratelimit"
	"exporter/status"
)

// showStatus has the status page up and late jobs told until stop is called, also
// while a serve drains. Loading data does not depend on it: an address that is taken
// is told of and left alone.
func (p *program) showStatus(ctx context.Context, s *session, log *slog.Logger, counters *status.Counters) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wait sync.WaitGroup
	wait.Go(func() { s.engine.WatchLate(ctx) })
	stop = func() {
		cancel()
		wait.Wait()
	}
	address := s.cfg.Exporter.Listen
	if address == "" {
		return stop
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		log.Warn("there is no status page and there are no metrics: the address of listen is taken or not of this machine", "err", err)
		return stop
	}
	log.Info("status page is up", "url", "http://"+l.Addr().String()+"/")
	page := status.New(p.statusOptions(s, log, counters))
	wait.Go(func() {
		if err := page.Serve(ctx, l); err != nil {
			log.Warn("status page ended", "err", err)
		}
	})
	return stop
}

func (p *program) statusOptions(s *session, log *slog.Logger, counters *status.Counters) status.Options {
	v := built()
	return status.Options{
		State: s.state, Jobs: p.definitions(s.cfg), Now: p.Now, Hosts: s.cfg.Exporter.ListenHosts, Log: log, Counters: counters,
		Build:  map[string]string{"version": v.Version, "commit": v.Commit, "go": v.Go, "state_schema": strconv.FormatInt(v.Schema, 10)},
		Glance: func(ctx context.Context) ([]status.Job, error) { return p.glance(ctx, s) },
		Runs: func(ctx context.Context, job string, limit int) ([]status.Run, error) {
			return runsNow(ctx, s, job, limit)
		},
		Slices: func(ctx context.Context, job, from, to string) ([]status.Slice, error) {
			return p.slicesNow(ctx, s, job, bounds{from, to})
		},
		Troubled: func(ctx context.Context, job string, from, to time.Time) ([]status.Slice, error) {
			return troubledNow(ctx, s, job, from, to)
		},
		Limits: func(ctx context.Context) ([]ratelimit.Status, error) { return s.engine.Limits(ctx) },
		Logins: func(ctx context.Context) ([]status.Login, error) { return p.loginsNow(ctx, s) },
		Ready:  s.engine.Ready, Tick: s.engine.LastTick,
	}
}
