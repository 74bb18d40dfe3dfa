package jobs

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

const (
	quotaEvery = time.Second      // how often waits are looked for
	quotaNoted = 15 * time.Second // shorter waits are the usual pace of small windows
)

// enter counts a place in among the run's work, until leave is called.
func (w *work) enter(p *place) (leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.places[p] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.places, p)
	}
}

// waits reports whether there is work and all of it waits for quota.
func (w *work) waits() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p := range w.places {
		if now, _ := p.waits(); !now {
			return false
		}
	}
	return len(w.places) > 0
}

// watchQuota tells whoever watches the run when all of its work waits for quota,
// once for every end of the wait, until stop is called.
func (w *work) watchQuota(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		var told time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(quotaEvery - time.Duration(time.Now().UnixNano())%quotaEvery): // all runs at once: one wakeup
			}
			if !w.waits() {
				continue
			}
			next := w.quota.Status().NextFree
			if time.Until(next) > quotaNoted && next.Sub(told).Abs() > quotaNoted {
				told = next
				w.event(Event{Kind: QuotaWaits, Until: w.o.Now().Add(time.Until(next))})
			}
		}
	})
	return func() {
		cancel()
		watch.Wait()
	}
}

// outOfTime parks a slice that was waiting for quota when its run timed out; err is
// how it ended. What is used up then decides how long it waits.
func (w *work) outOfTime(err error) error {
	wait := time.Until(freeAt(w.quota.Status()))
	if wait <= 0 {
		return err
	}
	return fault.New(fault.Parked, "quota is used up until after the end of the run: %w", err).WithWait(wait).
		WithHint("Nothing is lost: the slice goes on at this page in a run after that time.")
}

// freeAt returns when what kept a request waiting lets one go: the windows that
// every request passes, or, if these do now, the first class of requests that is
// used up; zero if none is.
func freeAt(s ratelimit.Status) time.Time {
	at, ofClasses := s.PausedUntil, map[string]time.Time{}
	for _, win := range s.Windows {
		switch {
		case win.Class == "" && win.NextFree.After(at):
			at = win.NextFree
		case win.Class != "" && win.NextFree.After(ofClasses[win.Class]):
			ofClasses[win.Class] = win.NextFree
		}
	}
	if free := slices.SortedFunc(maps.Values(ofClasses), time.Time.Compare); at.IsZero() && len(free) > 0 {
		at = free[0]
	}
	return at
}
