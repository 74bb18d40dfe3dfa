package owapro_test

import (
	"context"
	"testing"

	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

// A cell that is the label of one channel and the id of another is not guessed.
func TestALabelLikeAnID(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := &owapro.Options{ConfigID: 1, Dimensions: []string{"date", "customer_trackgroup"}, Metrics: []string{"sale_count"}}
	asJSON := *o
	asJSON.Format = "json"
	i := day(t, "2026-03-05", 1)
	truth := read(t, open(t, v.config(), &asJSON, sources.Deps{}), customer, i)
	for labels, want := range map[string]string{
		`{"customer_trackgroup":{"17":"2024"}}`:                              "17 2024",
		`{"customer_trackgroup":{"2024":"Display"}}`:                         "2024 Display",
		`{"customer_trackgroup":{"2024":"2024"}}`:                            "2024 2024",
		`{"customer_trackgroup":{"17":"2024","2024":"Display"}}`:             "",
		`{"customer_trackgroup":{"17":"2024","18":"2024","2024":"Display"}}`: "",
	} {
		memory := new(sourcetest.Memory)
		s := open(t, v.config(), o, sources.Deps{Memory: memory})
		report(t, s)
		if err := memory.Remember(context.Background(), "owapro labels "+v.config().Identity()+" "+customer, []byte(labels)); err != nil {
			t.Fatal(err)
		}
		fixed(v, func(int) string { return "date;customer_trackgroup;sale_count\r\n2026-03-05;2024;5\r\n" })
		got := read(t, s, customer, i)
		v.SetFront(nil)
		switch {
		case got.err != nil:
			t.Errorf("%s: %v", labels, got.err)
		case want == "" && got.hash() != truth.hash():
			t.Errorf("%s: got rows %v, want those of the vendor", labels, got.rows)
		case want != "" && (len(got.rows) != 1 || got.rows[0]["customer_trackgroup_id"]+" "+got.rows[0]["customer_trackgroup"] != want):
			t.Errorf("%s: got rows %v, want %s", labels, got.rows, want)
		}
	}
}
