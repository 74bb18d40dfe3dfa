package hasoffers

import (
	"fmt"
	"slices"
	"sync"

	"exporter/sandbox/limits"
)

// network is a customer with its rows and what has happened to them.
type network struct {
	parsed
	series *series
	gate   *limits.Gate

	mu      sync.Mutex
	ov      *overlay
	calls   int // findAll calls that took their rows
	pending []Drift
	fresh   bool // nothing of an earlier configuration lives on
	last    scanned
}

// scanned is the latest result that could not be computed, kept because its next page will be asked for.
type scanned struct {
	key  string
	rows []ref
}

func newNetwork(seed uint64, p parsed) *network {
	for _, c := range []byte(p.ID) {
		seed = mix(seed, uint64(c))
	}
	return &network{parsed: p, series: newSeries(seed, p), ov: &overlay{}, fresh: true}
}

// view returns the network as it is now.
func (n *network) view() view {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.locked()
}

func (n *network) locked() view {
	v := view{series: n.series, ov: n.ov, end: n.series.total, now: n.now().Unix()}
	if n.Days == 0 {
		v.end = n.series.firstSlot(v.now + 1)
	}
	return v
}

// begin returns the view of a findAll call and lets the drifts happen that wait
// for it: the call still sees the rows before them, everybody after it does not.
func (n *network) begin() view {
	n.mu.Lock()
	defer n.mu.Unlock()
	v := n.locked()
	n.calls++
	n.pending = slices.DeleteFunc(n.pending, func(d Drift) bool {
		if d.AfterCalls > n.calls {
			return false
		}
		n.ov, _ = n.locked().drifted(d)
		return true
	})
	return v
}

// drift makes d happen, now or when its call has come, and returns the ids touched now.
func (n *network) drift(d Drift) []int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d.AfterCalls > n.calls {
		n.pending = append(n.pending, d)
		return nil
	}
	var ids []int64
	n.ov, ids = n.locked().drifted(d)
	return ids
}

// scan returns the rows of a query that must be read to be known.
func (n *network) scan(v view, q query) []ref {
	key := fmt.Sprintf("%v %p %d", q, v.ov, v.end)
	if n.BlankPersonal > 0 { // values depend on the moment
		key += fmt.Sprint(" ", v.now)
	}
	n.mu.Lock()
	last := n.last
	n.mu.Unlock()
	if last.key == key {
		return last.rows
	}
	rows := n.read(v, q)
	n.mu.Lock()
	n.last = scanned{key, rows}
	n.mu.Unlock()
	return rows
}
