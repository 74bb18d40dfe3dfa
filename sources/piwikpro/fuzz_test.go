package piwikpro_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// batcher turns answers into batches without a vendor.
func batcher(tb testing.TB, o sources.Options) *piwikpro.Batcher {
	tb.Helper()
	c := newConfig()
	c.BaseURL, c.ClientID, c.ClientSecret = "https://acme.piwik.pro", "client", clientSecret
	s := open(tb, c, o, sources.Deps{})
	return sourcetest.Must[*piwikpro.Batcher](tb)(piwikpro.NewBatcher(s, sources.Request{
		Stream: stream(tb, s), Part: sandbox.SiteID(shop), Interval: between(tb, "2021-01-01", "2021-04-01", "UTC"), Zone: zone(tb, "UTC"),
	}))
}

// Whatever comes, each row of a good answer is a row or a reject, and what is no
// good answer is an error with a class.
func FuzzAnswer(f *testing.F) {
	const meta = `"meta":{"columns":["session_id","visitor_id","timestamp","device_type","session_goals","source"],"count":1}`
	for _, body := range []string{
		`{"data":[["18446744073709551615","ff","2021-02-07T22:09:27",[null,""],[1,"]"],"a\"b"]],` + meta + `}`,
		`{` + meta + `,"data":[[1,null,"2021-02-07",[0,"Desktop"],{},"\ud800"],[]]}`,
		`{"data":[{"a":1}],` + meta + `}`, `{"data":[[ 1 , "x" ,"", 7, null ,true ]],` + meta + `}`, `{"data":[],"meta":{"count":-1}}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	b := batcher(f, piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"device_type", "session_goals", "source"}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, rejects, _, err := b.Batch(body)
		var classified *fault.Error
		if err != nil && !errors.As(err, &classified) {
			t.Fatalf("%q: error without a class: %v", body, err)
		}
		var answer struct {
			Data []json.RawMessage `json:"data"`
		}
		if err == nil && json.Unmarshal(body, &answer) == nil && rows.Rows()+rejects.Rows() > len(answer.Data) {
			t.Fatalf("%q: %d rows and %d rejects of %d", body, rows.Rows(), rejects.Rows(), len(answer.Data))
		}
	})
}

// The elements of an array are those that a decoder finds.
func FuzzSplit(f *testing.F) {
	for _, raw := range []string{`[]`, `[ ]`, `[1, "a,]\"" ,[2,[3]],{"a":[","]},null]`, `{}`, `"["`, `["\\",1]`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = bytes.TrimSpace(raw)
		var want []json.RawMessage
		if !json.Valid(raw) {
			return
		}
		isArray := json.Unmarshal(raw, &want) == nil && raw[0] == '['
		got, array := piwikpro.Split(raw)
		if array != isArray || len(got) != len(want) {
			t.Fatalf("%s: got %q (%t), want %q", raw, got, array, want)
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("%s: element %d is %q, want %q", raw, i, got[i], want[i])
			}
		}
	})
}
