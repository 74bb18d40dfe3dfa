package piwikpro

import (
	"regexp"
	"strings"
)

// scope is what a row of a report is made of.
type scope int

const (
	sessionScope scope = iota
	eventScope
	productScope
)

// row is what a column reads: a session, in event scope one of its events.
type row struct {
	s       *session
	e       *event // nil in session scope
	product int
	clock   *clock
}

// at is when the row happened.
func (r *row) at() int64 {
	if r.e != nil {
		return r.e.at
	}
	return r.s.start
}

// h is a number for one property of the session.
func (r *row) h(property uint64) uint64 { return mix(r.s.h, property) }

// dimension is a column that is no metric.
type dimension struct {
	id, name string
	typ      string // as documented
	scope    scope
	raw      bool // sessions and events have it
	query    bool
	nullable bool
	noCase   bool
	cell     func(*row) cell
}

// Places of the endpoints a dimension is at.
const (
	both  = "QR"
	query = "Q"
	raw   = "R"
)

func dim(id, name, typ string, sc scope, where string, get func(*row) cell) *dimension {
	nullable := strings.HasSuffix(typ, "?")
	typ = strings.TrimSuffix(typ, "?")
	return &dimension{
		id: id, name: name, typ: typ, scope: sc, nullable: nullable, noCase: typ == "str_nocase",
		raw: strings.Contains(where, raw), query: strings.Contains(where, query), cell: get,
	}
}

func texts(get func(*row) string) func(*row) cell {
	return func(r *row) cell { return textCell(get(r)) }
}

func total(get func(*sums) int64) func(*row) cell {
	return func(r *row) cell {
		r.s.events()
		return numberCell(get(&r.s.sums))
	}
}

func flag(yes bool) cell {
	if yes {
		return numberCell(1)
	}
	return numberCell(0)
}

var numbered = regexp.MustCompile(`^(session|event)_custom_dimension_([1-9]\d?|1\d\d|200)$`)

// findDimension returns the dimension with an id, or nil.
func findDimension(id string) *dimension {
	if d := dimensionsByID[id]; d != nil {
		return d
	}
	m := numbered.FindStringSubmatch(id)
	if m == nil {
		return nil
	}
	slot := hashText(m[2])
	if m[1] == "session" {
		return dim(id, "Session custom dimension "+m[2], "str", sessionScope, both, texts(func(r *row) string { return customValue(r.h(slot)) }))
	}
	return dim(id, "Event custom dimension "+m[2], "str", eventScope, both, texts(func(r *row) string { return customValue(mix(r.e.h, slot)) }))
}

var dimensionsByID = func() map[string]*dimension {
	out := map[string]*dimension{}
	for _, list := range [][]*dimension{sessionDimensions, eventDimensions, productDimensions} {
		for _, d := range list {
			out[d.id] = d
		}
	}
	return out
}()
