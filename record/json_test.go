package record_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"exporter/record"
)

// FuzzJSON: valid JSON stays valid JSON without \u0000, and what is fit for
// PostgreSQL is not changed.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a": [1, -2.5e3, "\u0000\ud83d\ude42\ud83d"]}`, `"\\\"\u00000"`, `1e99999`, `[`, `"\u`, `-`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, cell []byte) {
		got := record.AppendJSON(nil, cell)
		if !json.Valid(cell) {
			return // must not panic
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q, which is not JSON", cell, got)
		}
		var v any
		d := json.NewDecoder(bytes.NewReader(got))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if text, err := json.Marshal(v); err != nil || bytes.Contains(text, []byte{'\\', 'u', '0', '0', '0', '0'}) && !bytes.Contains(cell, []byte(`\\`)) {
			t.Fatalf("%q became %q with NUL (%v)", cell, got, err)
		}
		if again := record.AppendJSON(nil, got); !bytes.Equal(again, got) {
			t.Fatalf("%q became %q, then %q", cell, got, again)
		}
	})
}

// TestJSON: what a cell of JSON becomes, whatever its sink.
func TestJSON(t *testing.T) {
	deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	for _, c := range []struct{ name, raw, want, reason string }{
		{"as it is", ` {"b": 1.50, "a": [1e3, "x\ty"]} `, ` {"b": 1.50, "a": [1e3, "x\ty"]} `, ""},
		{"a name twice", `{"a": 1, "b": {"x": 1, "x": [2, {"y": 1, "\u0079": "\ud83d"}]}, "a": 3}`, `{"a":3,"b":{"x":[2,{"y":"\ufffd"}]}}`, ""},
		{"names twice in an array", `[{"a": 1, "a": 2}, 7]`, `[{"a":2},7]`, ""},
		{"half a surrogate and NUL", `"\ud83d\u0000x"`, `"\ufffdx"`, ""},
		{"a large number", `1e99999`, `"1e99999"`, ""},
		{"invalid UTF-8", "\"\xff\"", "\"\ufffd\"", ""},
		{"deep", deep, deep, ""},
		{"brackets in a text", `"` + strings.Repeat("[", 2000) + `"`, `"` + strings.Repeat("[", 2000) + `"`, ""},
		{"too deep", "[" + deep + "]", "", "JSON is nested deeper than 1000 levels"},
		{"not JSON", `{"a": NaN}`, "", `"{\"a\": NaN}" is not JSON`},
		{"empty", "", "", `"" is not JSON`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := record.NewBuilder(0, record.Table{Columns: []record.Column{{Name: "j", Type: record.JSON}}}, nil)
			b.Raw([]byte(c.raw))
			kept := b.EndRow(func() []byte { return []byte(c.raw) })
			rows, rejects := b.Take()
			if !kept {
				if reason, _ := rejects.Cell(0, 2); string(reason) != c.reason {
					t.Errorf("rejected: %s, want %q", reason, c.reason)
				}
				return
			}
			if got, _ := rows.Cell(0, 0); string(got) != c.want || c.reason != "" {
				t.Errorf("got %s\nwant %s (%s)", got, c.want, c.reason)
			}
		})
	}
}
