package hasoffers_test

import (
	"strings"
	"testing"

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

func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"response":{"status":1,"data":{"count":1,"data":{"1":{"Conversion":{"id":"1","payout":"1.5","source":"a\/b"}}}}}}`,
		`{"response":{"status":1,"data":[]}}`, `{"response":{"errors":{"publicMessage":"x"}}}`, `{"message":"x"}`, `{"response":`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := hasoffers.Decode("Conversion", some, strings.NewReader(string(body)))
		if err != nil {
			if c := fault.ClassOf(err); c != fault.Transient && c != fault.Data {
				t.Errorf("class %q of %v", c, err)
			}
			return
		}
		if len(got.Keys) != len(got.Rows) {
			t.Errorf("%d keys of %d rows", len(got.Keys), len(got.Rows))
		}
	})
}
