package ratelimit

import (
	"cmp"
	"slices"
	"time"
)

// User is one job's use of a credential in the last 24 hours.
type User struct {
	Job      string `json:"job"` // "" = nobody in particular
	Requests int64  `json:"requests"`
}

// Totals are what happened in the last 24 hours, to the hour.
type Totals struct {
	Requests  int64         `json:"requests"`
	Throttles int64         `json:"throttles"`
	Waits     int64         `json:"waits"`
	Waited    time.Duration `json:"-"`
}

// DayUsage is the stored form of the last 24 hours. Each list ends with the hour
// Hour (since 1970) and goes back from there.
type DayUsage struct {
	Hour      int64              `json:"hour"`
	Requests  map[string][]int64 `json:"requests,omitempty"` // by job
	Throttles []int64            `json:"throttles,omitempty"`
	Waits     []int64            `json:"waits,omitempty"`
	Waited    []int64            `json:"waited,omitempty"` // milliseconds
}

const dayHours = 24

// day counts by the hour and forgets after 24 of them.
type day struct {
	newest int64
	n      [dayHours]int64
}

// add counts n in an hour, which is not before the newest.
func (d *day) add(hour, n int64) {
	d.roll(hour)
	d.n[hour%dayHours] += n
}

func (d *day) roll(hour int64) {
	for d.newest = max(d.newest, hour-dayHours); d.newest < hour; {
		d.newest++
		d.n[d.newest%dayHours] = 0
	}
}

func (d *day) sum(hour int64) (sum int64) {
	d.roll(hour)
	for _, n := range d.n {
		sum += n
	}
	return sum
}

// list returns the counts up to hour, from the first that is not 0 on.
func (d *day) list(hour int64) []int64 {
	d.roll(hour)
	var list []int64
	for h := hour - dayHours + 1; h <= hour; h++ {
		if n := d.n[h%dayHours]; n != 0 || list != nil {
			list = append(list, n)
		}
	}
	return list
}

// fill is the reverse of list. Hours that lie ahead, and numbers that cannot be, are left out.
func (d *day) fill(hour, last int64, list []int64) {
	d.roll(hour)
	for i, n := range list {
		if h := last - int64(len(list)-1-i); h > hour-dayHours && h <= hour && n > 0 {
			d.n[h%dayHours] = n
		}
	}
}

// user is a job that the limiter knows.
type user struct {
	served   uint64 // the number of its last permit: who was served longest ago comes first
	requests day
	rank     [2]int // how many of its requests wait, scheduled and backfill; scratch of order
}

// account counts who used the credential, and how it went.
type account struct {
	users                    map[string]*user
	throttles, waits, waited day // waited in milliseconds
}

func (l *Limiter) user(job string) *user {
	u, ok := l.account.users[job]
	if !ok {
		u = &user{}
		l.account.users[job] = u
	}
	return u
}

// hour returns the hour of a time, since 1970.
func (l *Limiter) hour(now int64) int64 { return (l.began.UnixNano() + now) / int64(time.Hour) }

// users lists who used the credential, most first.
func (l *Limiter) users(now int64) (list []User, total int64) {
	for job, u := range l.account.users {
		if n := u.requests.sum(l.hour(now)); n > 0 {
			list = append(list, User{job, n})
			total += n
		}
	}
	slices.SortFunc(list, func(a, b User) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Job, b.Job))
	})
	return list, total
}

// dayUsage describes the last 24 hours, and forgets jobs of before.
func (l *Limiter) dayUsage(now int64) DayUsage {
	hour, a := l.hour(now), &l.account
	d := DayUsage{Hour: hour, Throttles: a.throttles.list(hour), Waits: a.waits.list(hour), Waited: a.waited.list(hour)}
	for job, u := range a.users {
		list := u.requests.list(hour)
		if list == nil {
			if len(l.queue) == 0 { // else one of its requests may wait
				delete(a.users, job)
			}
			continue
		}
		if d.Requests == nil {
			d.Requests = make(map[string][]int64, len(a.users))
		}
		d.Requests[job] = list
	}
	return d
}

func (l *Limiter) restoreDay(d DayUsage) {
	hour := l.hour(0)
	for job, list := range d.Requests {
		l.user(job).requests.fill(hour, d.Hour, list)
	}
	l.account.throttles.fill(hour, d.Hour, d.Throttles)
	l.account.waits.fill(hour, d.Hour, d.Waits)
	l.account.waited.fill(hour, d.Hour, d.Waited)
}
