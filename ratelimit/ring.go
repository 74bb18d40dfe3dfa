package ratelimit

import (
	"math"

	"golang.org/x/time/rate"
)

// never is the time of an event that nothing known will bring about.
const never = math.MaxInt64

// ring holds the N slots of one window: free ones, those of requests without an
// answer yet (out), and those with the time at which they come back, oldest first.
// It is used under the limiter's lock, with times of the limiter's clock.
type ring struct {
	window Window
	class  string
	per    int64
	out    int
	back   []int64 // circular, ascending, n of them from head on
	head   int
	n      int
	ahead  int // permits wanted by those ahead in the queue; scratch of parkLate
	pace   *rate.Limiter
}

func newRing(class string, w Window) *ring {
	return &ring{window: w, class: class, per: int64(w.Per), back: make([]int64, min(w.N, 64)), pace: newPace(w)}
}

// prune frees the slots that came back until now.
func (r *ring) prune(now int64) {
	for r.n > 0 && r.back[r.head] <= now {
		r.head = (r.head + 1) % len(r.back)
		r.n--
	}
}

func (r *ring) free() int { return r.window.N - r.out - r.n }

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
	bigger := make([]int64, min(r.window.N, 2*len(r.back)))
	for i := range r.n {
		bigger[i] = r.at(i)
	}
	r.back, r.head = bigger, 0
}

// ready returns when slots are free by what is known now: now, the time the last
// of them comes back, or never if it waits for an answer.
func (r *ring) ready(now int64, slots int) int64 {
	missing := slots - r.free()
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
	rounds, i := (missing-1)/r.window.N, (missing-1)%r.window.N
	first := now + r.per
	if i < r.n {
		first = r.at(i)
	}
	return first + int64(rounds)*r.per
}
