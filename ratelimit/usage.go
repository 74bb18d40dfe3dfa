package ratelimit

import "slices"

// usage describes the present. An open usage goes on being used: it rounds, to stay
// small, and names the permits out; a closed one is exact and counts them as spent.
func (l *Limiter) usage(now int64, open bool) Usage {
	u := Usage{SavedAt: l.wall(now)}
	if l.pausedUntil > now {
		u.PausedUntil, u.PauseReason = l.wall(l.pausedUntil), l.pauseReason
	}
	if open {
		u.ActiveUntil = l.wall(now + int64(markAhead))
	}
	for r := range l.rings() {
		r.prune(now)
		wu := WindowUsage{Class: r.class, Per: r.window.Per, Spent: l.spent(r, now, open)}
		if open && r.out > 0 {
			if u.InFlight == nil {
				u.InFlight = make(map[string]int)
			}
			u.InFlight[r.class] = r.out
		}
		u.Windows = append(u.Windows, wu)
	}
	u.Learned, u.Day = l.learnedRows(), l.dayUsage(now)
	return u
}

// spent lists the slots of r by the time of their first byte.
func (l *Limiter) spent(r *ring, now int64, open bool) []Spent {
	step := int64(1)
	if open {
		step = max(r.window.Per.Microseconds()/1000, 1)
	}
	var list []Spent
	start := l.wall(0).UnixNano()
	add := func(at int64, n int) {
		micros := ceil(ceil(start+at, 1000)/1000, step)
		if last := len(list) - 1; last >= 0 && list[last].At == micros {
			list[last].N += n
			return
		}
		list = append(list, Spent{At: micros, N: n})
	}
	for i := range r.n {
		add(r.at(i)-r.per, 1)
	}
	if !open && r.out > 0 {
		add(now, r.out)
	}
	return slices.Clip(list)
}

func ceil(n, step int64) int64 { return (n + step - 1) / step * step }
