package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"exporter/fault"
	"exporter/jobs"
)

// runInterruptible is Run until a signal comes.
func (m Main) runInterruptible() int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	return m.Run(ctx)
}

// interruptible returns a context that ends with the first SIGINT or SIGTERM, its
// cause of class fault.Interrupted. A second signal ends the process at once:
// whatever is durable then is found again, as after a crash.
func interruptible(parent context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case s := <-signals:
			cancel(interruption(s))
		case <-done:
			return
		}
		select {
		case <-signals:
			os.Exit(jobs.ExitInterrupted)
		case <-done:
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		watching.Wait()
		cancel(nil)
	}
}

func interruption(s os.Signal) error {
	name := "SIGTERM"
	if s == os.Interrupt {
		name = "SIGINT"
	}
	return fault.New(fault.Interrupted, "stopped by %s", name).
		WithHint("What was read is safe: the same command goes on at the last complete page.")
}
