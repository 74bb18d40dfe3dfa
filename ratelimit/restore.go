package ratelimit

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// load fills the rings with what the store remembers.
func (l *Limiter) load(ctx context.Context) error {
	if l.store == nil {
		return nil
	}
	u, err := l.store.Load(ctx, l.credential)
	if err != nil {
		return fmt.Errorf("load quota usage of %s: %w", l.credential, err)
	}
	l.restoreDay(u.Day)
	for _, row := range u.Learned {
		l.relearn(row, u.SavedAt)
	}
	for r := range l.rings() {
		l.restore(r, u)
	}
	l.adapt(0)
	// A clock set back between two runs must not lengthen a pause, and none is longer than a day.
	left := min(u.PausedUntil.Sub(l.began), u.PausedUntil.Sub(u.SavedAt), pausedMost)
	if left > 0 {
		l.pausedUntil, l.pauseReason, l.resuming = int64(left), u.PauseReason, true
	}
	return nil
}

// restore fills r. Times that lie ahead count as now; of more than N permits (the
// limit was lowered, or a crash left much unknown) the latest N count.
func (l *Limiter) restore(r *ring, u Usage) {
	var ends []int64
	add := func(at time.Time, n int) {
		end := min(int64(at.Sub(l.began)), 0) + r.per
		for range min(n, r.window.N) {
			ends = append(ends, end)
		}
	}
	for _, s := range u.match(r) {
		add(time.UnixMicro(s.At), s.N)
	}
	if !u.ActiveUntil.IsZero() {
		add(u.ActiveUntil.Add(arrivalGrace), u.InFlight[r.class]+u.Ahead)
	}
	slices.Sort(ends)
	for _, end := range ends[max(len(ends)-r.window.N, 0):] {
		if end > 0 {
			r.push(end)
		}
	}
}

// match returns the stored permits that tell most about r: those of the shortest
// window that is not shorter, else of the longest. A limit that has become longer
// than any stored one knows nothing of the time before.
func (u Usage) match(r *ring) []Spent {
	var best *WindowUsage
	for i := range u.Windows {
		w := &u.Windows[i]
		if w.Class != r.class {
			continue
		}
		if best == nil || closer(w.Per, best.Per, r.window.Per) {
			best = w
		}
	}
	if best == nil {
		return nil
	}
	return best.Spent
}

func closer(a, b, want time.Duration) bool {
	if (a >= want) != (b >= want) {
		return a >= want
	}
	return (a < b) == (a >= want)
}
