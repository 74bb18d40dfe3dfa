package jsonbody_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
	"exporter/sources/jsonbody"
)

// rows reads {"data": {"rows": [...]}} and whatever stands beside it.
func rows(d *jsonbody.Decoder, each func(row string) error) error {
	return d.Document(func() error {
		return d.Object(func(name string) error {
			if name != "data" {
				return d.SkipValue()
			}
			return d.Object(func(string) error {
				return d.Values(func(value []byte) error { return each(string(value)) })
			})
		})
	})
}

func TestDocument(t *testing.T) {
	stop := errors.New("enough")
	for _, c := range []struct {
		name, body string
		rows       string
		class      fault.Class
		text       string
	}{
		{name: "whole", body: ` {"meta": {"x": [1]}, "data": {"rows": [1, {"a": "]"}, null]}, "a": 1, "a": 2} `, rows: `1 {"a": "]"} null`},
		{name: "null for an object and for a list", body: `{"data": null, "data": {"rows": null}}`},
		{name: "nothing at all", body: ``, class: fault.Transient, text: "after byte 0"},
		{name: "cut off in a row", body: `{"data": {"rows": [1, {"a"`, rows: `1`, class: fault.Transient, text: "after byte 20"},
		{name: "cut off before the end", body: `{"data": {"rows": [1]}`, rows: `1`, class: fault.Transient, text: "unexpected EOF"},
		{name: "no JSON", body: `<html>`, class: fault.Transient, text: "invalid character '<'"},
		{name: "another value behind it", body: `{} {}`, class: fault.Transient, text: "more than one JSON value"},
		{name: "rubbish behind it", body: `{} x`, class: fault.Transient, text: "invalid character 'x'"},
		{name: "a list at the top", body: `[]`, class: fault.Data, text: "at its top is a list and not an object"},
		{name: "a text for a list", body: `{"data": {"rows": "none"}}`, class: fault.Data, text: "at /data/rows is a text and not a list"},
		{name: "what a callback says", body: `{"data": {"rows": ["stop"]}}`, rows: `"stop"`, class: fault.Permanent, text: "enough"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			d := jsonbody.New(iotest.OneByteReader(strings.NewReader(c.body)), "look here")
			err := rows(d, func(row string) error {
				if got = append(got, row); row == `"stop"` {
					return stop
				}
				return nil
			})
			if class := fault.ClassOf(err); class != c.class || err != nil && !strings.Contains(err.Error(), c.text) || strings.Join(got, " ") != c.rows {
				t.Errorf("rows %q, error %v of class %q; want %q and %q of class %q", got, err, class, c.rows, c.text, c.class)
			}
			if hint := fault.HintOf(err); c.class == fault.Transient && !strings.HasSuffix(hint, "If that stays so, look here.") {
				t.Errorf("hint %q", hint)
			}
			if c.class == fault.Permanent && err != stop { //nolint:errorlint // not even wrapped
				t.Errorf("got %v, want the callback's own error", err)
			}
		})
	}
}

// Errors of a body keep their class; one without is that of a connection.
func TestBrokenBody(t *testing.T) {
	for want, broken := range map[fault.Class]error{
		fault.Transient: errors.New("reset"), fault.Interrupted: fault.New(fault.Interrupted, "stopped"),
	} {
		body := io.MultiReader(strings.NewReader(`{"data": {"rows": [1,`), iotest.ErrReader(broken))
		err := rows(jsonbody.New(body, ""), func(string) error { return nil })
		if fault.ClassOf(err) != want || !errors.Is(err, broken) {
			t.Errorf("got %v of class %q, want %q", err, fault.ClassOf(err), want)
		}
	}
}

// One value is bounded, a whole answer is not, nor what is skipped.
func TestBoundOfAValue(t *testing.T) {
	const most = 20_000
	large, small := `"`+strings.Repeat("x", 2*most)+`"`, `"`+strings.Repeat("x", most/4)+`"`
	n := 0
	count := func(string) error { n++; return nil }
	many := `{"data": {"rows": [` + strings.Repeat(small+",", 100) + `1]}, "other": [` + strings.Repeat(small+",", 100) + `1]}`
	if err := rows(jsonbody.Bounded(strings.NewReader(many), most), count); err != nil || n != 101 {
		t.Errorf("%d rows, %v", n, err)
	}
	err := rows(jsonbody.Bounded(strings.NewReader(`{"data": {"rows": [1, `+large+`]}}`), most), count)
	if fault.ClassOf(err) != fault.Data || !strings.Contains(err.Error(), "larger than 20000 bytes") || n != 102 {
		t.Errorf("%d rows, %v of class %q", n, err, fault.ClassOf(err))
	}
}

func TestReadObject(t *testing.T) {
	for body, want := range map[string]string{
		`[{"a": 1}, {}]`: "", `[{}, {}, [1]]`: "at /2 is a list and not an object", `[null]`: "at /0 is null and not an object", `[{}`: "unexpected EOF",
	} {
		d := jsonbody.New(strings.NewReader(body), "")
		err := d.Document(func() error {
			return d.List(func() error {
				value, err := d.ReadObject()
				if err == nil && value[0] != '{' {
					t.Errorf("%s: got %s", body, value)
				}
				return err
			})
		})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", body, err, want)
		}
	}
}

func TestPlain(t *testing.T) {
	var scratch []byte
	for value, want := range map[string]string{`"a"`: "a", `""`: "", `"a\"\u00e9\n"`: "a\"é\n", `12.50`: "12.50", `null`: "null", `"\ud800"`: "\ufffd"} {
		if got := string(jsonbody.Plain(&scratch, []byte(value))); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

// The walk over a valid document sees what a decoder sees.
func FuzzWalk(f *testing.F) {
	for _, text := range []string{
		`{}`, `[ ]`, `[1, "a\\\"", {"x": "]"}]`, `{"a\"": [1], "b" : -1.5e3 , "c":{"d":"}"}}`, "[true,null\n,\"\\\\\"]", `["\\",1]`, `[1, "a,]\"" ,[2,[3]],{"a":[","]},null]`, `"["`, `7`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := decoder(text).ReadValue()
		if err != nil {
			return
		}
		value = bytes.Clone(value)
		var got, want []string
		for w := jsonbody.WalkOver(value); w.Next(); {
			if w.Name != nil {
				got = append(got, string(w.Name))
			}
			got = append(got, string(w.Value))
		}
		if k := value.Kind(); k == '{' || k == '[' {
			inner := decoder(value)
			if _, err := inner.ReadToken(); err != nil {
				t.Fatal(err)
			}
			for k := inner.PeekKind(); k != '}' && k != ']'; k = inner.PeekKind() {
				one, err := inner.ReadValue()
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, string(one))
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: got %q, want %q", value, got, want)
		}
	})
}

func decoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
