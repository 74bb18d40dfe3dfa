package piwikpro

import (
	"fmt"
	"time"
)

// world is what there is to report before anything was restated. It is never changed.
type world struct {
	Data
	first int // the first day, counted from 1970-01-01
	sites []*site
	metas []*metaSite
}

type site struct {
	Site
	n       int
	seed    uint64
	loc     *time.Location
	strata  uint64 // places for sessions of a day: those of the beginning and those that come late
	pool    uint64 // visitors
	goals   []goal
	addedAt time.Time
}

type goal struct {
	id    int
	uuid  string
	cents int64
}

type metaSite struct {
	MetaSite
	loc   *time.Location
	sites []*site
}

// lateEach is how many places of a day there are to one of a session that comes late.
const lateEach = 11

func newWorld(seed uint64, d Data) *world {
	first, err := time.Parse(time.DateOnly, d.FirstDay)
	if err != nil {
		panic(err) // validated before
	}
	w := &world{Data: d, first: dayNumber(first)}
	for n, settings := range d.Sites {
		loc, err := time.LoadLocation(settings.Timezone)
		if err != nil {
			panic(err) // validated before
		}
		s := &site{Site: settings, n: n, seed: mix(seed, hashText(settings.ID)), loc: loc}
		if base := uint64(max(settings.Sessions, 0)); base > 0 {
			s.strata = base + base/(lateEach-1)
			s.pool = base*3 + 1
		}
		for g := range settings.Goals {
			s.goals = append(s.goals, goal{id: g + 1, uuid: uuid(mix(s.seed, uint64(g)+900)), cents: int64(g) * 511})
		}
		s.addedAt = time.Date(2018, 7, 10+n, 8, 50, 41, 0, time.UTC)
		w.sites = append(w.sites, s)
	}
	for _, settings := range d.MetaSites {
		loc, err := time.LoadLocation(settings.Timezone)
		if err != nil {
			panic(err) // validated before
		}
		m := &metaSite{MetaSite: settings, loc: loc}
		for _, id := range settings.Sites {
			m.sites = append(m.sites, w.site(id))
		}
		w.metas = append(w.metas, m)
	}
	return w
}

func (w *world) site(id string) *site {
	for _, s := range w.sites {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (w *world) meta(id string) *metaSite {
	for _, m := range w.metas {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// days returns the first day there is something of and the one after the last.
func (w *world) days() (from, to int) {
	from, to = w.first, dayNumber(w.now())+2
	if w.Days > 0 {
		to = w.first + w.Days
	}
	if w.RetentionMonths > 0 {
		now := w.now()
		kept := time.Date(now.Year(), now.Month()-time.Month(w.RetentionMonths), 1, 0, 0, 0, 0, time.UTC)
		from = max(from, dayNumber(kept))
	}
	return from, to
}

const secondsOfDay = 86_400

// dayNumber counts a date from 1970-01-01.
func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// startOf returns the instant a day begins at a place.
func startOf(day int, loc *time.Location) int64 {
	y, m, d := time.Unix(int64(day)*secondsOfDay, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc).Unix()
}

// clock tells what clocks at a place show. Not for concurrent use.
type clock struct {
	loc      *time.Location
	from, to int64
	offset   int64
}

// wall returns what the clock shows at an instant, as seconds since its 1970-01-01T00:00:00.
func (c *clock) wall(at int64) int64 {
	if at < c.from || at >= c.to {
		t := time.Unix(at, 0).In(c.loc)
		start, end := t.ZoneBounds()
		_, offset := t.Zone()
		c.from, c.to, c.offset = -1<<62, 1<<62, int64(offset)
		if !start.IsZero() {
			c.from = start.Unix()
		}
		if !end.IsZero() {
			c.to = end.Unix()
		}
	}
	return at + c.offset
}

// mix is the finalizer of SplitMix64: every bit of the result depends on every bit of a and b.
func mix(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashText is FNV-1a.
func hashText(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func uuid(h uint64) string {
	g := mix(h, 1)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", h>>32, h>>16&0xffff, h&0xfff, g>>52, g&0xffffffffffff)
}
