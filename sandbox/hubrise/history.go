package hubrise

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// MutationKind is what happens to the data.
type MutationKind string

// The kinds of mutations.
const (
	ChangeStatus   MutationKind = "status"          // orders get another status
	AddPayment     MutationKind = "payment"         // orders get one payment more
	DeleteElement  MutationKind = "delete"          // an element of each order is flagged as deleted
	Anonymise      MutationKind = "anonymise"       // customers, and with them all their orders
	ReplaceCatalog MutationKind = "replace_catalog" // the elements get new ids and some prices change; refs stay
	DeleteList     MutationKind = "delete_list"     // with its customers and cards; no event tells of it
)

// Mutation changes data between or during runs. Those of orders need Order, or a Location with a Day.
type Mutation struct {
	Kind       MutationKind `json:"kind"`
	Order      string       `json:"order"`       // id
	Location   string       `json:"location"`    // of several orders
	Day        string       `json:"day"`         // YYYY-MM-DD in the location's zone
	Orders     int          `json:"orders"`      // so many of that day, spread over it; 0 = all
	Status     string       `json:"status"`      // of ChangeStatus, default cancelled
	List       string       `json:"list"`        // of Anonymise and DeleteList
	Customer   string       `json:"customer"`    // of Anonymise: id; "" = Customers of them
	Customers  int          `json:"customers"`   // the first so many of the list
	Catalog    string       `json:"catalog"`     // of ReplaceCatalog
	AfterPages int          `json:"after_pages"` // happens when so many pages of orders have been answered; 0 = at once
}

// view is the data at one moment: what an answer sees from its beginning to its end.
type view struct {
	*world
	changes    map[string]change // by id of the order
	anonymised map[string]bool   // by list and customer
	replaced   map[string]int    // catalogs: how often
	gone       map[string]bool   // lists
}

type change struct {
	status        string
	paid, deleted int
}

// history is what happened to the data since it was made. Its maps are never changed, they are replaced.
type history struct {
	mu      sync.Mutex
	now     view
	pending []Mutation
	pages   int // of orders
}

// begin returns the data as it is for all of an answer; page counts it as a page of orders.
func (h *history) begin(w *world, page bool) *view {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending = slices.DeleteFunc(h.pending, func(m Mutation) bool {
		if m.AfterPages > h.pages {
			return false
		}
		_, _ = h.apply(w, m) // it was validated; a configuration may have taken what it is about away
		return true
	})
	if page {
		h.pages++
	}
	v := h.now
	v.world = w
	return &v
}

// mutate makes m happen, or waits for its page; ids are those of what changed.
func (h *history) mutate(w *world, m Mutation) (ids []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.AfterPages < 0 || m.Orders < 0 || m.Customers < 0 {
		return nil, fmt.Errorf("mutation %q: negative number", m.Kind)
	}
	if m.AfterPages > h.pages {
		before := h.now
		ids, err = h.apply(w, m) // to find its mistakes
		h.now = before
		if err == nil {
			h.pending = append(h.pending, m)
		}
		return ids, err
	}
	return h.apply(w, m)
}

func (h *history) apply(w *world, m Mutation) (ids []string, err error) {
	switch m.Kind {
	case ChangeStatus, AddPayment, DeleteElement:
		ids, err = h.changeOrders(w, m)
	case Anonymise:
		ids, err = h.anonymise(w, m)
	case ReplaceCatalog:
		if w.catalog(m.Catalog) == nil {
			return nil, fmt.Errorf("mutation %q: no catalog %q", m.Kind, m.Catalog)
		}
		h.now.replaced = with(h.now.replaced, m.Catalog, h.now.replaced[m.Catalog]+1)
		ids = []string{m.Catalog}
	case DeleteList:
		if w.list(m.List) == nil {
			return nil, fmt.Errorf("mutation %q: no list %q", m.Kind, m.List)
		}
		h.now.gone = with(h.now.gone, m.List, true)
		ids = []string{m.List}
	default:
		return nil, fmt.Errorf("unknown kind of mutation %q", m.Kind)
	}
	return ids, err
}

func with[V any](m map[string]V, key string, value V) map[string]V {
	next := maps.Clone(m)
	if next == nil {
		next = map[string]V{}
	}
	next[key] = value
	return next
}

func (h *history) changeOrders(w *world, m Mutation) ([]string, error) {
	if m.Status == "" {
		m.Status = "cancelled"
	}
	if !slices.Contains(statuses, m.Status) {
		return nil, fmt.Errorf("mutation %q: no status %q", m.Kind, m.Status)
	}
	ids, err := m.orders(w)
	if err != nil {
		return nil, fmt.Errorf("mutation %q: %w", m.Kind, err)
	}
	next := maps.Clone(h.now.changes)
	if next == nil {
		next = map[string]change{}
	}
	for _, id := range ids {
		c := next[id]
		switch m.Kind {
		case ChangeStatus:
			c.status = m.Status
		case AddPayment:
			c.paid++
		default:
			c.deleted++
		}
		next[id] = c
	}
	h.now.changes = next
	return ids, nil
}

// orders returns the ids of the orders m is about.
func (m Mutation) orders(w *world) ([]string, error) {
	if m.Order != "" {
		if _, ok := w.order(m.Order); !ok {
			return nil, fmt.Errorf("no order %q", m.Order)
		}
		return []string{m.Order}, nil
	}
	l := w.location(m.Location)
	n, err := w.dayNumber(m.Day)
	if l == nil || err != nil {
		return nil, fmt.Errorf("no order, no location %q or no day %q", m.Location, m.Day)
	}
	d := w.day(l, n)
	step := 1
	if m.Orders > 0 {
		step = max(d.count/m.Orders, 1)
	}
	var ids []string
	now := w.now().Unix()
	for i := 0; i < d.count && (m.Orders == 0 || len(ids) < m.Orders); i += step {
		if o := (ref{day: d, i: i, created: d.created(i)}); o.created <= now {
			ids = append(ids, w.id(o))
		}
	}
	return ids, nil
}

func (h *history) anonymise(w *world, m Mutation) ([]string, error) {
	l := w.list(m.List)
	if l == nil {
		return nil, fmt.Errorf("mutation %q: no list %q", m.Kind, m.List)
	}
	ids := []string{m.Customer}
	if m.Customer == "" {
		ids = nil
		for n := range min(m.Customers, l.Customers) {
			ids = append(ids, l.ids.id(uint64(n)))
		}
	} else if n, ok := l.ids.number(m.Customer); !ok || n >= uint64(l.Customers) {
		return nil, fmt.Errorf("mutation %q: no customer %q in list %q", m.Kind, m.Customer, m.List)
	}
	next := maps.Clone(h.now.anonymised)
	if next == nil {
		next = map[string]bool{}
	}
	for _, id := range ids {
		next[l.ID+"/"+id] = true
	}
	h.now.anonymised = next
	return ids, nil
}

// Pages returns how many pages of orders were answered: what [Mutation].AfterPages counts.
func (s *Server) Pages() int {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	return s.history.pages
}
