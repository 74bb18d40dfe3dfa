package piwikpro

// session is one visit. Everything about it follows from h; see columns.go.
type session struct {
	site    *site
	h       uint64
	id      uint64
	n       uint64 // its place among those of the day
	version uint64 // how often its day was restated
	day     int
	start   int64 // an instant
	visitor uint64
	made    int // events that are made
	list    [maxEvents]event
	sums    sums
}

// event is one step of a session.
type event struct {
	id       uint64
	h        uint64
	at       int64
	index    int
	typ      int
	pageView int // its number among the page views, -1 = is none
	url      int // which page
	first    bool
	goal     int // index of the goal, -1 = none
	cents    int64
}

// sums are the totals of a session.
type sums struct {
	events, pageViews, uniquePageViews, outlinks, downloads, searches, custom int64
	goals, orders, carts, cartAdditions, seconds, cents                       int64
}

const (
	maxEvents = 20
	maxPause  = 600 // seconds between two events
	maxLength = maxEvents * (maxPause + 3)
)

// Event types there are (sheet: enums).
const (
	pageView     = 1
	outlink      = 2
	download     = 3
	siteSearch   = 4
	customEvent  = 5
	goalEvent    = 8
	orderEvent   = 9
	cartLeft     = 10
	cartAddition = 23
)

// typesOf is what an event is, by a number below 20.
var typesOf = [20]int{
	pageView, pageView, pageView, pageView, pageView, pageView, pageView, pageView, customEvent, customEvent,
	customEvent, customEvent, outlink, download, siteSearch, goalEvent, goalEvent, orderEvent, cartLeft, cartAddition,
}

// events makes the events of the session, once.
func (s *session) events() []event {
	if s.made > 0 {
		return s.list[:s.made]
	}
	count := s.count()
	at := s.start
	s.sums = sums{events: int64(count)}
	views := 0
	for i := range count {
		h := mix(s.h, uint64(i)+100)
		e := &s.list[i]
		*e = event{id: h, h: h, index: i, typ: pageView, pageView: -1, goal: -1, url: int(h >> 8 % pages)}
		if i == 0 {
			e.id = s.id // as in the recorded events
		} else {
			at += 3 + int64(h>>20%maxPause)
			e.typ = typesOf[h>>40%20]
		}
		e.at = at
		if e.typ == pageView {
			e.pageView = views
			views++
			e.first = true
			for _, before := range s.list[:i] {
				if before.typ == pageView && before.url == e.url {
					e.first = false
				}
			}
		}
		s.sum(e)
	}
	s.sums.pageViews = int64(views)
	s.sums.seconds = at - s.start
	s.made = count
	return s.list[:count]
}

// sum adds an event to the totals and gives it goal and money.
func (s *session) sum(e *event) {
	t := &s.sums
	switch e.typ {
	case pageView:
		if e.first {
			t.uniquePageViews++
		}
	case outlink:
		t.outlinks++
	case download:
		t.downloads++
	case siteSearch:
		t.searches++
	case customEvent:
		t.custom++
	case goalEvent:
		t.goals++
		if len(s.site.goals) > 0 {
			e.goal = int(e.h >> 50 % uint64(len(s.site.goals)))
			e.cents = s.site.goals[e.goal].cents
		}
	case orderEvent:
		t.orders++
		e.cents = 99 + int64(e.h>>30%90_000)
		t.cents += e.cents
	case cartLeft:
		t.carts++
	case cartAddition:
		t.cartAdditions++
	}
}

// count is how many events there are. A restatement adds one to some sessions.
func (s *session) count() int {
	n := 1
	if r := mix(s.h, 7); r%100 >= 40 {
		n = 2 + int(r>>32%10)
	}
	for v := uint64(1); v <= s.version; v++ {
		if enriched(s.h, v) {
			n++
		}
	}
	return min(n, maxEvents)
}

// enriched reports whether the v-th restatement changed a session.
func enriched(h, v uint64) bool { return mix(h, v+1000)%8 == 0 }

// present reports whether the session at a place of a day is there after some restatements:
// one of eleven comes late, a few go.
func present(n, version uint64) bool {
	if n%lateEach == lateEach-1 {
		return version >= 1+n/lateEach%3
	}
	return n%23 != 12 || version == 0
}
