package hasoffers_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/sources/hasoffers"
)

var some = []string{"id", "payout", "source"}

func TestDecode(t *testing.T) {
	one := []map[string]string{{"id": "39", "payout": "1.00000", "source": "a/b"}}
	const row = `{"39":{"Conversion":{"payout":"1.00000","other":{"x":[1]},"id":"39","source":"a\/b"},"Offer":[]}}`
	tests := []struct {
		name, body string
		want       hasoffers.Decoded
	}{
		{
			"pages", `{"request":{"NetworkToken":"x"},"response":{"status":1,"httpStatus":200,"data":{"page":1,"current":0,"count":7,"pageCount":7,"data":` + row + `},"errors":[],"errorMessage":null}}`,
			hasoffers.Decoded{Status: 1, Page: 1, Count: 7, Pages: 7, Keys: []string{"39"}, Rows: one},
		},
		{
			"numbers as strings, data first", `{"response":{"data":{"data":` + row + `,"dbSource":"x","pageCount":"7","page":"2","count":"7"},"status":"1"}}`,
			hasoffers.Decoded{Status: 1, Page: 2, Count: 7, Pages: 7, Keys: []string{"39"}, Rows: one},
		},
		{
			"bare map", `{"response":{"status":1,"data":` + row + `}}`,
			hasoffers.Decoded{Status: 1, Page: -1, Count: -1, Pages: -1, Keys: []string{"39"}, Rows: one},
		},
		{
			"list", `{"response":{"status":1,"data":{"count":1,"data":[{"Conversion":{"id":39,"payout":1.00000,"source":null}}]}}}`,
			hasoffers.Decoded{Status: 1, Page: -1, Count: 1, Pages: -1, Keys: []string{""}, Rows: []map[string]string{{"id": "39", "payout": "1.00000"}}},
		},
		{
			"one object", `{"response":{"status":1,"data":{"Conversion":{"id":"39","source":""}}}}`,
			hasoffers.Decoded{Status: 1, Page: -1, Count: -1, Pages: -1, Keys: []string{""}, Rows: []map[string]string{{"id": "39"}}},
		},
		{
			"object beside the pages", `{"response":{"status":1,"data":{"page":1,"count":0,"pageCount":0,"meta":{"a":1},"data":[]}}}`,
			hasoffers.Decoded{Status: 1, Page: 1, Count: 0, Pages: 0},
		},
		{"empty pages", `{"response":{"status":1,"data":{"page":1,"current":0,"count":0,"pageCount":0,"data":[]}}}`, hasoffers.Decoded{Status: 1, Page: 1}},
		{"empty bare", `{"response":{"status":1,"data":[]}}`, hasoffers.Decoded{Status: 1, Page: -1, Count: -1, Pages: -1}},
		{"null", `{"response":{"status":1,"data":null}}`, hasoffers.Decoded{Status: 1, Page: -1, Count: -1, Pages: -1}},
		{
			"errors as a list", `{"response":{"status":-1,"data":"","errors":[{"err_code":3,"err_msg":"b","publicMessage":"a"}],"errorMessage":"a"}}`,
			hasoffers.Decoded{Status: -1, Page: -1, Count: -1, Pages: -1, Texts: []string{"b", "a"}},
		},
		{
			"errors as an object, nothing else", `{"response":{"errors":{"publicMessage":"Network id is not valid"},"link":"http:\/\/x"}}`,
			hasoffers.Decoded{Status: -1, Page: -1, Count: -1, Pages: -1, Texts: []string{"Network id is not valid"}},
		},
		{"a gateway's message", `{"message":"Internal Server Error"}`, hasoffers.Decoded{Status: -1, Page: -1, Count: -1, Pages: -1, Texts: []string{"Internal Server Error"}}},
		{
			"escapes and bad UTF-8", `{"response":{"status":1,"data":{"count":1,"data":{"1":{"Conversion":{"source":"Z\u00fcrich \"` + "\xff" + `\""}}}}}}`,
			hasoffers.Decoded{Status: 1, Page: -1, Count: 1, Pages: -1, Keys: []string{"1"}, Rows: []map[string]string{{"source": "Zürich \"\ufffd\""}}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := hasoffers.Decode("Conversion", some, strings.NewReader(test.body))
			if err != nil {
				t.Fatalf("decode %s: %v", test.body, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("decode %s (-want +got):\n%s", test.body, diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name, body string
		want       fault.Class
	}{
		{"nothing", ``, fault.Transient},
		{"a page for people", `<html>`, fault.Transient},
		{"half an answer", `{"response":{"status":1,"data":{"count":1,"data":{"1":{"Conversion":{"id":"1"`, fault.Transient},
		{"more than an answer", `{"response":{"status":1}}{}`, fault.Transient},
		{"a list", `[]`, fault.Transient},
		{"rows that are numbers", `{"response":{"status":1,"data":["1","2"]}}`, fault.Data},
		{"a row that is a list", `{"response":{"status":1,"data":{"39":[]}}}`, fault.Data},
		{"a row of another model", `{"response":{"status":1,"data":{"39":{"Offer":{"id":"1"}}}}}`, fault.Data},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := hasoffers.Decode("Conversion", some, strings.NewReader(test.body))
			if got := fault.ClassOf(err); got != test.want {
				t.Errorf("decode %s: got %v of class %q, want class %q", test.body, err, got, test.want)
			}
		})
	}
}

// TestDecodeCutOff: an answer that looks whole is not if the connection or the compressed
// stream ends too early: its checksum is behind the last byte of it.
func TestDecodeCutOff(t *testing.T) {
	body := []byte(`{"response":{"status":1,"data":{"count":1,"data":{"1":{"Conversion":{"id":"1"}}}}}}`)
	for _, piece := range []int{7, len(body)} {
		in := io.MultiReader(pieces(body, piece), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
		if _, err := hasoffers.Decode("Conversion", some, in); fault.ClassOf(err) != fault.Transient {
			t.Errorf("pieces of %d: got %v, want class %q", piece, err, fault.Transient)
		}
	}
}

// FuzzDecode: however an answer arrives, it is what the library makes of it.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"response":{"status":1,"data":{"count":1,"data":{"1":{"Conversion":{"id":"1","payout":"1.5","source":"a\/b"}}}}}}`,
		`{"response":{"status":1,"data":{"1":{"Conversion":{"payout":-0.50,"id":1,"x":null,"source":"Z\u00fcrich \ud83d"}},"2":{"Conversion":{"payout":1e2,"source":[1, {}],"id":true}}}}}`,
		`{"response":{"status":1,"data":{"page":1,"data":[{"Conversion":{}},{"Conversion" : {"id" :"2"}, "Offer":{"a":1}},{"Offer":[],"Conversion":{"id":"3"}}]}}}`,
		`{"response":{"status":1,"data":{"data":{"1":{"Conversion":{"id":"1"},"Conversion":{"id":"2"}},"2":{"Conversion":[]}}}}}`,
		`{"response":{"data":{"data":{"1":{"Conversion":{"id":01}}}}}}`, `{"response":{"data":{"data":{"1":{"Conversion":{"source":"a\x"}}}}}}`,
		`{"response":{"data":{"1":{"Conversion":{"source":"a bare` + "\n" + `line end"}}}}}`, `{"response":{"data":{"1":{"Conversion":{"source":"a\u00zz"}}}}}`,
		`{"response":{"status":1,"data":[]}}`, `{"response":{"errors":{"publicMessage":"x"}}}`, `{"message":"x"}`, `{"response":`,
	} {
		f.Add([]byte(body), byte(0))
		f.Add([]byte(body), byte(3))
	}
	f.Fuzz(func(t *testing.T, body []byte, piece byte) {
		want, wantErr := hasoffers.DecodeByLibrary("Conversion", some, bytes.NewReader(body))
		got, err := hasoffers.Decode("Conversion", some, pieces(body, int(piece)))
		class := fault.ClassOf(err)
		if (err == nil) != (wantErr == nil) || err != nil && class != fault.Transient && class != fault.Data {
			t.Errorf("decode %q: got %v of class %q, the library says %v", body, err, class, wantErr)
		}
		whole := jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if whole && err != nil && class != fault.ClassOf(wantErr) { // of what is no JSON either may be seen first
			t.Errorf("decode %q: got %v, the library says %v", body, err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decode %q (-library +got):\n%s", body, diff)
		}
	})
}

// pieces is body as a slow connection hands it out, 0 for all of it at once.
func pieces(body []byte, piece int) io.Reader {
	if piece == 0 {
		return bytes.NewReader(body)
	}
	return readerFunc(func(p []byte) (int, error) {
		if len(body) == 0 {
			return 0, io.EOF
		}
		n := copy(p[:min(len(p), piece)], body)
		body = body[n:]
		return n, nil
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestDecodeLong: answers that are longer than what is read at once, with rows and values
// that are too, in pieces of all sorts.
func TestDecodeLong(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	odd := []string{`1`, `null`, `-0.25`, `1e3`, `{"a":[1,"x"]}`, `"Z\u00fcrich"`, `"a\/b"`, `""`, `"` + strings.Repeat("long ", 30_000) + `"`}
	for round := range 6 {
		var b strings.Builder
		b.WriteString(`{"response":{"status":1,"data":{"page":1,"count":100,"pageCount":1,"data":{`)
		for i := range 100 {
			if i > 0 {
				b.WriteByte(',')
			}
			value := `"` + strings.Repeat("x", rng.IntN(2000)) + `"`
			if rng.IntN(10) == 0 {
				value = odd[rng.IntN(len(odd))]
			}
			fmt.Fprintf(&b, `"%d":{"Conversion":{"id":"%d","payout":"1.50000","other":%s,"source":%s}}`, i, i, value, value)
		}
		b.WriteString(`}}}}`)
		body := []byte(b.String())
		piece := []int{0, 1, 7, 4096, 1 << 16, 1<<16 + 1}[round]
		if piece == 1 {
			body = body[:len(body)/3] // cut off
		}
		want, wantErr := hasoffers.DecodeByLibrary("Conversion", some, bytes.NewReader(body))
		got, err := hasoffers.Decode("Conversion", some, pieces(body, piece))
		if (err == nil) != (wantErr == nil) || (err == nil) != (piece != 1) {
			t.Fatalf("pieces of %d: got %v, the library says %v", piece, err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("pieces of %d (-library +got):\n%s", piece, diff)
		}
	}
}
