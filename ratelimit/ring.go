package ratelimit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// never is the time of an event that nothing known will bring about.
const never = math.MaxInt64

// reserveFrom is the shortest window of which a backfill leaves a tenth to others.
// Shorter ones are free again soon enough.
const reserveFrom = time.Minute

// ring holds the slots of one window: free ones, those of requests without an
// answer yet (out), and those with the time at which they come back, oldest first.
// It is used under the limiter's lock, with times of the limiter's clock.
type ring struct {
	window  Window
	class   string
	per     int64
	limit   int  // slots there are now: window.N, or fewer by what was learned
	learned bool // the vendor named this window, the configuration does not
	said    said
	slow    slow
	cutAt   int64 // when limit was last lowered
	out     int
	back    []int64 // circular, ascending, n of them from head on
	head    int
	n       int
	ahead   int // slots wanted by those ahead in the queue; scratch of parkLate
	pace    *rate.Limiter
}

func newRing(class string, w Window) *ring {
	return &ring{
		window: w, class: class, per: int64(w.Per), limit: w.N, cutAt: math.MinInt64,
		back: make([]int64, min(w.N, 64)), pace: newPace(w),
	}
}

// prune frees the slots that came back until now.
func (r *ring) prune(now int64) {
	for r.n > 0 && r.back[r.head] <= now {
		if r.head++; r.head == len(r.back) {
			r.head = 0
		}
		r.n--
	}
}

func (r *ring) used() int { return r.out + r.n }

// free is negative when the limit was lowered below what is used.
func (r *ring) free() int { return r.limit - r.used() }

// reserve returns how many slots a backfill leaves free.
func (r *ring) reserve(spare bool) int {
	if !spare || r.window.Per < reserveFrom {
		return 0
	}
	return r.limit / 10
}

// at returns the i-th time at which a slot comes back.
func (r *ring) at(i int) int64 { return r.back[(r.head+i)%len(r.back)] }

// start starts the clock of slots whose first byte arrived at now, not earlier than any before.
func (r *ring) start(now int64, slots int) {
	r.out -= slots
	for range slots {
		r.push(now + r.per)
	}
}

func (r *ring) push(at int64) {
	if r.n == len(r.back) {
		r.grow()
	}
	r.back[(r.head+r.n)%len(r.back)] = at
	r.n++
}

func (r *ring) grow() {
	bigger := make([]int64, 2*len(r.back))
	for i := range r.n {
		bigger[i] = r.at(i)
	}
	r.back, r.head = bigger, 0
}

// remember takes over what the longest of others knows of the requests before now.
func (r *ring) remember(now int64, others []*ring) {
	var longest *ring
	for _, o := range others {
		if longest == nil || o.per > longest.per {
			longest = o
		}
	}
	if longest == nil {
		return
	}
	longest.prune(now)
	for i := range longest.n {
		if at := longest.at(i) - longest.per + r.per; at > now {
			r.push(at)
		}
	}
}

// ready returns when slots are free by what is known now: now, the time the last
// of them comes back, or never if it waits for an answer. More slots than there are
// is all of them: a request heavier than a lowered limit passes alone.
func (r *ring) ready(now int64, slots int) int64 {
	missing := min(slots, r.limit) - r.free()
	switch {
	case missing <= 0:
		return now
	case missing <= r.n:
		return r.at(missing - 1)
	default:
		return never
	}
}

// expect returns the earliest time at which slots can be free, if every request
// ahead is sent at once and answered without delay.
func (r *ring) expect(now int64, slots int) int64 {
	missing := slots - r.free()
	if missing <= 0 {
		return now
	}
	surplus := max(-r.free(), 0) // come back, but not for use
	rounds, i := (missing-surplus-1)/r.limit, surplus+(missing-surplus-1)%r.limit
	first := now + r.per
	if i < r.n {
		first = r.at(i)
	}
	return first + int64(rounds)*r.per
}

// weigh returns the slots that a request takes into account: all there are at most.
func (r *ring) weigh(weight int) int { return min(weight, r.limit) }
