package hasoffers

import (
	"fmt"
	"iter"
	"time"
)

// Row is a conversion as it is right now: the truth a client's copy is compared with.
type Row struct {
	ID      int64
	UTC     time.Time // when it happened; the wire shows it on the network's clock
	EventID string    // tune_event_id, "" on rows older than it

	m   *maker
	row row
}

// Value returns a field as it goes over the wire, unescaped; ok is false for null.
// An unknown field is null. The values stay those of the moment [Server.Rows] was asked.
func (r Row) Value(field string) (value string, ok bool) {
	f, known := fieldByName[field]
	if !known {
		return "", false
	}
	raw, ok := r.m.value(nil, &r.row, f, false)
	return string(raw), ok
}

// Fields returns the names of the fields that exist, in wire order.
func (s *Server) Fields() []string {
	var out []string
	for _, f := range s.state.Load().fields.all() {
		out = append(out, f.String())
	}
	return out
}

// Rows yields the rows of a network that happened in [from, to), in the order of
// time and id, as they are at the moment of the call; a row that drifts later is
// not seen. Zero times mean no bound. The network "" is the first one. Rows of
// one sequence share scratch space and are for one goroutine.
func (s *Server) Rows(network string, from, to time.Time) (iter.Seq[Row], error) {
	n, err := s.named(network)
	if err != nil {
		return nil, err
	}
	v := n.view()
	return func(yield func(Row) bool) {
		m := newMaker(v, &n.parsed)
		walk := v.byTime(bounds(from, to))
		for r, ok := walk.next(); ok; r, ok = walk.next() {
			if !yield(m.truth(r)) {
				return
			}
		}
	}, nil
}

func (m *maker) truth(r ref) Row {
	out := Row{ID: r.id, UTC: unixUTC(r.at), m: m, row: m.row(r)}
	if !out.row.noEvent {
		out.EventID = string(m.eventID(nil, r.id))
	}
	return out
}

// Count returns how many rows [Server.Rows] would yield.
func (s *Server) Count(network string, from, to time.Time) (int64, error) {
	n, err := s.named(network)
	if err != nil {
		return 0, err
	}
	return n.view().countIn([]span{bounds(from, to)}, everything.ids), nil
}

// Calls returns how many findAll calls of a network have taken their rows: what [Drift].AfterCalls counts.
func (s *Server) Calls(network string) (int, error) {
	n, err := s.named(network)
	if err != nil {
		return 0, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls, nil
}

func (s *Server) named(network string) (*network, error) {
	st := s.state.Load()
	if network == "" {
		return st.networks[0], nil
	}
	if n := st.find(network); n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("no network %q", network)
}

// bounds rounds up to whole seconds, the grain of the rows.
func bounds(from, to time.Time) span {
	t := span{minInstant, maxInstant}
	if !from.IsZero() {
		t.from = ceilUnix(from)
	}
	if !to.IsZero() {
		t.to = ceilUnix(to)
	}
	return t
}

func ceilUnix(t time.Time) int64 {
	return t.Add(time.Second - 1).Unix()
}
