package owapro

import (
	"context"
	"maps"
	"strings"
)

// maxLabels bounds what is kept of a dimension's labels; beyond it they are
// forgotten and learned anew.
const maxLabels = 50_000

// dict maps the ids of a dimension to labels, and back where that is unique.
type dict struct {
	labels map[string]string
	ids    map[string]string // "" = several
}

func newDict() *dict { return &dict{labels: map[string]string{}, ids: map[string]string{}} }

// add notes a label as it stands in rows, and reports whether it is news.
func (d *dict) add(id, label string) bool {
	label = strings.ReplaceAll(label, "\r\n", "\n")
	if was, ok := d.labels[id]; ok && was == label {
		return false
	}
	if len(d.labels) >= maxLabels {
		clear(d.labels)
		clear(d.ids)
	}
	d.labels[id] = label
	if other, ok := d.ids[label]; ok && other != id {
		id = ""
	}
	d.ids[label] = id
	return true
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
		for id, label := range labels {
			known.of(dimension).add(id, label)
		}
	}
	return known, nil
}

// learnDicts keeps a customer's labels for later readings.
func (s *source) learnDicts(ctx context.Context, customer string, ds dicts) error {
	kept := map[string]map[string]string{}
	for dimension, d := range ds {
		kept[dimension] = d.labels
	}
	s.mu.Lock()
	s.learned.dicts[customer] = ds.clone()
	s.mu.Unlock()
	return s.remember.keep(ctx, s.dictsKey(customer), kept)
}

func (ds dicts) clone() dicts {
	out := dicts{}
	for dimension, d := range ds {
		out[dimension] = &dict{labels: maps.Clone(d.labels), ids: maps.Clone(d.ids)}
	}
	return out
}
