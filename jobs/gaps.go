package jobs

import (
	"context"
	"fmt"
	"time"

	"exporter/jobs/plan"
)

// leave says what of a job's intervals a firing leaves alone, and remembers from where
// on it owes some: until all of them are complete, later firings look that far back.
func (w *work) leave(ctx context.Context, known knowledge, due plan.Due) error {
	if n := len(due.Left); n > 0 {
		newest, oldest := due.Left[0], due.Left[n-1]
		zone := w.job.DataZone
		w.event(Event{Kind: Warning, Text: fmt.Sprintf("%d older intervals are not complete and are left to later firings, %d at a time (heal): %s to %s; `exporter backfill %s --from %s --to %s --missing` does them now",
			n, w.job.Heal, oldest.Start.In(zone).Format("2006-01-02"), newest.End.In(zone).Format("2006-01-02"),
			w.job.Name, oldest.Start.In(zone).Format("2006-01-02"), newest.End.In(zone).Format("2006-01-02"))})
	}
	if w.dry {
		if n := len(due.Fresh); n > 0 {
			w.event(Event{Kind: Warning, Text: fmt.Sprintf("%d intervals of the lookback are left out: they were compared lately, as the tiers of lookback say", n)})
		}
		return nil
	}
	owed := oldestOwed(due)
	if known.since.IsZero() { // no firing tells yet from where on all is there: what this one begins may leave the lookback before it is
		for _, s := range due.Slices { // newest first
			if !known.complete(s.Interval) && (owed.IsZero() || s.Start.Before(owed)) {
				owed = s.Start
			}
		}
	}
	if owed.Equal(known.owed) || !w.job.Start.IsZero() { // a first day is owed for ever
		return nil
	}
	return w.state.SetOwed(ctx, w.job.Name, owed)
}

// oldestOwed returns the start of the oldest interval that is not complete before the
// lookback, zero if there is none. What is planned of them counts: it may fail.
func oldestOwed(due plan.Due) time.Time {
	if n := len(due.Left); n > 0 {
		return due.Left[n-1].Start
	}
	if n := len(due.Slices); n > 0 && due.Slices[n-1].Owed {
		return due.Slices[n-1].Start
	}
	return time.Time{}
}
