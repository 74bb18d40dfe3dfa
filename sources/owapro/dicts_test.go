package owapro_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
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

// Of more labels than are kept the first stay, for this run; the next one begins anew.
func TestMoreLabelsThanAreKept(t *testing.T) {
	d := owapro.NewDict()
	for i := range owapro.MaxLabels {
		d.Add(strconv.Itoa(i), "label "+strconv.Itoa(i))
	}
	if kept, err := d.Kept(); err != nil || len(kept) < owapro.MaxLabels {
		t.Errorf("%d bytes are kept of as many labels as there is room for, error %v", len(kept), err)
	}
	if !d.Add("more", "one more") || d.Add("most", "another") || d.Clone().Add("most", "another") {
		t.Error("what is kept changes with the first label that is left out, and with no other")
	}
	if label, ok := d.Label("0"); label != "label 0" {
		t.Errorf("the first label is %q, %v", label, ok)
	}
	if label, ok := d.Label("more"); ok {
		t.Errorf("a label is known beyond those that are kept: %q", label)
	}
	if !d.Add("0", "new name") {
		t.Error("a label that is known cannot change")
	}
	for _, d := range []owapro.Dict{d, d.Clone()} {
		if kept, err := d.Kept(); err != nil || string(kept) != "{}" {
			t.Errorf("%d bytes are kept for the next run, error %v; want {}", len(kept), err)
		}
	}
	// What a page says of its labels it says for all of its rows.
	labels, err := owapro.LabelsOfJSON(d, []byte(`{"status":1,"data":[{"data_blockid":"1","status":{"code":0,"items":2,"pages":1},
		"metadata":{"dimension":{"customer_trackgroup":{"dw_name_id":"customer_trackgroupid","dict":{"0":"SEO","more":"one\r\nmore"}}}},
		"data":[{"date":"2026-03-05","customer_trackgroupid":"more"},{"date":"2026-03-05","customer_trackgroupid":"0"},{"date":"2026-03-05","customer_trackgroupid":"7"}]}]}`))
	if want := []string{"one\nmore", "SEO", "label 7"}; err != nil || !slices.Equal(labels, want) {
		t.Errorf("labels of a page are %q, want %q; error %v", labels, want, err)
	}
}
