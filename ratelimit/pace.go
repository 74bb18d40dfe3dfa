package ratelimit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// paceUpTo is the longest window whose requests are spread. The quota of a minute, an hour
// or a day is there to be used when the work is there.
const paceUpTo = 10 * time.Second

// newPace returns what spreads the requests of a window: half of them may go at
// once, so that short work is not held up, the others follow at the window's
// rate instead of all at its end. The ring is the guarantee, this is manners; it
// costs no throughput, because the ring gives slots back slower than the pace asks.
func newPace(w Window) *rate.Limiter {
	if w.Per > paceUpTo {
		return nil
	}
	return rate.NewLimiter(pacing(w.N, w.Per))
}

func pacing(n int, per time.Duration) (rate.Limit, int) {
	return rate.Limit(float64(n) / per.Seconds()), (n + 1) / 2
}

// repace makes the pace that of the present limit.
func (r *ring) repace(now time.Time) {
	if r.pace != nil {
		limit, burst := pacing(r.limit, r.window.Per)
		r.pace.SetLimitAt(now, limit)
		r.pace.SetBurstAt(now, burst)
	}
}

// paced returns when the pace lets so many slots go.
func (l *Limiter) paced(now int64, r *ring, slots int) int64 {
	if r.pace == nil {
		return now
	}
	missing := float64(min(slots, r.pace.Burst())) - r.pace.TokensAt(l.instant(now))
	if missing < 1e-6 { // rounding
		return now
	}
	return now + int64(math.Ceil(missing/float64(r.pace.Limit())*1e9))
}

// spend takes slots from the pace; a request heavier than half a window takes half.
func (l *Limiter) spend(now int64, r *ring, slots int) {
	if r.pace != nil {
		r.pace.ReserveN(l.instant(now), min(slots, r.pace.Burst()))
	}
}
