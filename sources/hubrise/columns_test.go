package hubrise_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"exporter/record"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sources"
	"exporter/sources/hubrise"
)

// A job can drop any column that is no key, and hash or retype any there is, in every table.
func TestEveryColumnCanBeDroppedAndHashed(t *testing.T) {
	v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{ExtraKeys: true}})
	for name, options := range map[string]sources.Options{
		"orders": &hubrise.Options{Raw: true}, "customers": &hubrise.ListOptions{}, "catalogs": &hubrise.ListOptions{}, "locations": &hubrise.ListOptions{},
	} {
		s := open(t, v.with(accountToken), options, sources.Deps{})
		i := day(t, "2026-03-27", 1)
		if name != "orders" {
			i = sources.Interval{}
		}
		req := sources.Request{Stream: stream(t, s, name), Part: accountOf, Interval: i, Zone: zone(t, "Europe/Paris")}
		whole := readOn(t, s, req)
		if whole.err != nil {
			t.Fatal(whole.err)
		}
		for n, table := range req.Stream.Tables {
			if len(whole.rows[table.Name]) == 0 {
				t.Errorf("%s: table %q is empty", name, table.Name)
			}
			changed := req
			changed.Stream.Tables = slices.Clone(req.Stream.Tables)
			columns := slices.Clone(table.Columns)
			for c := range columns {
				columns[c].Type, columns[c].Mask = record.Text, mask
			}
			changed.Stream.Tables[n].Columns = columns
			hashed := readOn(t, s, changed)
			changed.Stream.Tables[n].Columns = slices.DeleteFunc(slices.Clone(table.Columns), func(c record.Column) bool { return !slices.Contains(table.Key, c.Name) })
			dropped := readOn(t, s, changed)
			if hashed.err != nil || dropped.err != nil || len(hashed.rejects)+len(dropped.rejects) > 0 {
				t.Fatalf("%s %s: hashed %v %v, dropped %v %v", name, table.Name, hashed.err, hashed.rejects, dropped.err, dropped.rejects)
			}
			for other := range req.Stream.Tables {
				if other != n && (hashed.tallies[other].Hash() != whole.tallies[other].Hash() || dropped.tallies[other].Hash() != whole.tallies[other].Hash()) {
					t.Errorf("%s: columns of %q changed %q", name, table.Name, req.Stream.Tables[other].Name)
				}
			}
			for row, cells := range whole.rows[table.Name] {
				for _, c := range table.Columns {
					text, there := cells[c.Name]
					got := hashed.rows[table.Name][row][c.Name]
					if (got != "") != there || there && c.Type == record.Text && got != string(mask(nil, []byte(text))) {
						t.Fatalf("%s %s.%s: %q is hashed to %q", name, table.Name, c.Name, text, got)
					}
					if got := dropped.rows[table.Name][row][c.Name]; got != "" && !slices.Contains(table.Key, c.Name) {
						t.Fatalf("%s %s.%s is dropped, and %q", name, table.Name, c.Name, got)
					}
				}
			}
		}
	}
}

func mask(dst, cell []byte) []byte {
	sum := sha256.Sum256(cell)
	return hex.AppendEncode(dst, sum[:])
}
