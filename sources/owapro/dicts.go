package owapro

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxLabels bounds what is kept of a dimension's labels. No more are learned then in
// this run, and the next one begins with none, so that labels that went out of use make
// room. Cells of CSV that need one that is not known are looked up in JSON.
const maxLabels = 50_000

// dict maps the ids of a dimension to labels, and back where that is unique.
type dict struct {
	pairs  []pair            // in the order they were learned
	at     map[string]int    // by id: where its pair is
	ids    map[string]string // by label, "" = several
	shared bool              // others read it too: it is copied before it changes
	full   bool              // labels were left out
	last   int               // the pair that was found last
}

type pair struct{ id, label string }

func newDict() *dict { return &dict{at: map[string]int{}, ids: map[string]string{}} }

// label returns the label of an id. Rows come in the order in which they came before,
// mostly, so the pair that was found last and the one behind it are looked at first.
func (d *dict) label(id []byte) (label string, ok bool) {
	for i := d.last; i < len(d.pairs) && i < d.last+2; i++ {
		if d.pairs[i].id == string(id) {
			d.last = i
			return d.pairs[i].label, true
		}
	}
	i, ok := d.at[string(id)]
	if !ok {
		return "", false
	}
	d.last = i
	return d.pairs[i].label, true
}

// add notes a label as it stands in rows, and reports whether that changes what is kept.
func (d *dict) add(id, label string) bool {
	label = strings.ReplaceAll(label, "\r\n", "\n")
	i, known := d.at[id]
	switch {
	case known && d.pairs[i].label == label:
		return false
	case !known && len(d.pairs) >= maxLabels:
		news := !d.full
		d.full = true
		return news
	case d.shared:
		d.pairs, d.at, d.ids, d.shared = slices.Clone(d.pairs), maps.Clone(d.at), maps.Clone(d.ids), false
	}
	if known {
		d.pairs[i].label = label
	} else {
		d.at[id] = len(d.pairs)
		d.pairs = append(d.pairs, pair{id, label})
	}
	if other, ok := d.ids[label]; ok && other != id {
		id = ""
	}
	d.ids[label] = id
	return true
}

// MarshalJSON writes labels by id: of tens of thousands, for which a map would take longer
// than their rows.
func (d *dict) MarshalJSON() ([]byte, error) {
	if d.full {
		return []byte("{}"), nil
	}
	out := []byte{'{'}
	for i, p := range d.pairs {
		if i > 0 {
			out = append(out, ',')
		}
		// Bad UTF-8 is reported and replaced; replacing is what is wanted.
		out, _ = jsontext.AppendQuote(out, p.id)
		out = append(out, ':')
		out, _ = jsontext.AppendQuote(out, p.label)
	}
	return append(out, '}'), nil
}

// dicts are a customer's labels by dimension. One reading uses them at a time.
type dicts map[string]*dict

func (ds dicts) of(dimension string) *dict {
	d, ok := ds[dimension]
	if !ok {
		d = newDict()
		ds[dimension] = d
	}
	return d
}

func (s *source) dictsKey(customer string) string {
	return "owapro labels " + s.config.Identity() + " " + customer
}

// numerically compares ids, most of which are numbers.
func numerically(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// dictsOf returns a copy of what is known of a customer's labels.
func (s *source) dictsOf(ctx context.Context, customer string) (dicts, error) {
	s.mu.Lock()
	known, ok := s.learned.dicts[customer]
	known = known.clone()
	s.mu.Unlock()
	if ok {
		return known, nil
	}
	var kept map[string]map[string]string
	if _, err := s.remember.recall(ctx, s.dictsKey(customer), &kept); err != nil {
		return nil, err
	}
	for dimension, labels := range kept {
		for _, id := range slices.SortedFunc(maps.Keys(labels), numerically) {
			known.of(dimension).add(id, labels[id])
		}
	}
	return known, nil
}

// learnDicts keeps a customer's labels for later readings.
func (s *source) learnDicts(ctx context.Context, customer string, ds dicts) error {
	s.mu.Lock()
	s.learned.dicts[customer] = ds.clone()
	s.mu.Unlock()
	return s.remember.keep(ctx, s.dictsKey(customer), ds)
}

// clone returns dicts that share everything with ds until one of the two learns.
func (ds dicts) clone() dicts {
	out := dicts{}
	for dimension, d := range ds {
		d.shared = true
		out[dimension] = &dict{pairs: d.pairs, at: d.at, ids: d.ids, shared: true, full: d.full}
	}
	return out
}
