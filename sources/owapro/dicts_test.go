package owapro_test

import (
	"encoding/json"
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"exporter/sources/owapro"
)

// plainDict is a dict in the simplest way.
type plainDict struct{ labels, ids map[string]string }

func (d plainDict) add(id, label string) bool {
	if was, ok := d.labels[id]; ok && was == label {
		return false
	}
	d.labels[id] = label
	if other, ok := d.ids[label]; ok && other != id {
		id = ""
	}
	d.ids[label] = id
	return true
}

// Readings share what is known of labels, and what one of them learns is its own. In
// whatever order labels are asked for, they are those that were learned last.
func TestLabelsOfReadings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([]string{"1", "2", "3", "10", "a", "b", "A B", "", "\"ü\\\n"})
		readings := []owapro.Dict{owapro.NewDict()}
		want := []plainDict{{map[string]string{}, map[string]string{}}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			n := rapid.IntRange(0, len(readings)-1).Draw(t, "reading")
			id, label := names.Draw(t, "id"), names.Draw(t, "label")
			switch rapid.SampledFrom([]string{"add", "ask", "clone"}).Draw(t, "step") {
			case "add":
				if got, news := readings[n].Add(id, label), want[n].add(id, label); got != news {
					t.Fatalf("label %q of id %q is news: %v, want %v", label, id, got, news)
				}
			case "clone":
				readings = append(readings, readings[n].Clone())
				want = append(want, plainDict{maps.Clone(want[n].labels), maps.Clone(want[n].ids)})
			}
			for i, r := range readings {
				got, ok := r.Label(id)
				if label, known := want[i].labels[id]; got != label || ok != known {
					t.Fatalf("reading %d: id %q has label %q, %v; want %q, %v", i, id, got, ok, label, known)
				}
				got, ok = r.ID(label)
				if id, known := want[i].ids[label]; got != id || ok != known {
					t.Fatalf("reading %d: label %q has id %q, %v; want %q, %v", i, label, got, ok, id, known)
				}
			}
		}
		for i, r := range readings {
			kept, err := r.Kept()
			labels := map[string]string{}
			if err := errors.Join(err, json.Unmarshal(kept, &labels)); err != nil || !maps.Equal(labels, want[i].labels) {
				t.Fatalf("reading %d keeps %s, want %v; error %v", i, kept, want[i].labels, err)
			}
		}
	})
}
