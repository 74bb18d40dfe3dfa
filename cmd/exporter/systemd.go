package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"exporter/jobs"
)

// A scheduler that did not look at the clock for so long hangs. It does so twice a
// second, and while its state is away at least every forty seconds.
const hangs = time.Minute

// tellSystemd tells a service manager that started this process (Type=notify) when
// jobs are run, and as long as the scheduler ticks that all is well (WatchdogSec=).
// A drain does not tick and is bounded by its grace period. Without such a manager
// nothing is told. The caller runs stop when the serve has ended.
func (p *program) tellSystemd(ctx context.Context, engine *jobs.Engine, log *slog.Logger) (stop func()) {
	every := time.Second
	if watchdog, err := daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("the watchdog of the service manager is not understood and hears nothing", "err", err)
	} else if watchdog > 0 {
		every = min(every, watchdog/3)
	}
	done, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		told, ended := map[string]bool{}, ctx.Done()
		once := func(what string) {
			if !told[what] {
				told[what] = true
				notify(log, what)
			}
		}
		for {
			draining := ctx.Err() != nil
			switch {
			case draining:
				once(daemon.SdNotifyStopping)
			case engine.Ready() == nil:
				once(daemon.SdNotifyReady)
			}
			if draining || p.Now().Sub(engine.LastTick()) < hangs {
				notify(log, daemon.SdNotifyWatchdog)
			}
			select {
			case <-done.Done():
				once(daemon.SdNotifyStopping)
				return
			case <-ended:
				ended = nil // told once
			case <-tick.C:
			}
		}
	})
	return func() {
		cancel()
		wait.Wait()
	}
}

func notify(log *slog.Logger, what string) {
	if _, err := daemon.SdNotify(false, what); err != nil {
		log.Warn("the service manager could not be told", "what", what, "err", err)
	}
}
