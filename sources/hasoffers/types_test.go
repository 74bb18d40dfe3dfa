package hasoffers_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/record"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/sourcetest"
)

// TestTypes types rows written from the sheet's list of value quirks.
func TestTypes(t *testing.T) {
	const body = `{"response":{"status":1,"data":{"page":1,"count":3,"pageCount":1,"data":{
		"7":{"Conversion":{"payout":"1350.00000","goal_id":0,"is_adjustment":"1","datetime":"2016-02-12 09:34:58","session_datetime":"0000-00-00 00:00:00","source":"","batch_timestamp":"2016-02-12 14:35:00","batch_date_utc":"2016-02-12","status":"approved","customer_id":false}},
		"9":{"Conversion":{"id":"9","payout":12.5,"goal_id":"4","is_adjustment":false,"datetime":"2016-07-01 00:00:00","session_datetime":null,"source":null,"batch_timestamp":"","batch_date_utc":"0000-00-00","status":"x\/y \u00e9"}},
		"8":{"Conversion":{"id":"8","payout":"a lot","datetime":"2016-07-01 00:00:00"}}
	}},"errors":[]}}`
	fields := []string{"id", "payout", "goal_id", "is_adjustment", "datetime", "session_datetime", "source", "batch_timestamp", "batch_date_utc", "status", "customer_id"}
	s := offline(t, hasoffers.Options{Fields: fields})
	req := request(t, s, "conversions", sources.Interval{Start: instant(t, "2016-01-01T05:00:00Z"), End: instant(t, "2017-01-01T05:00:00Z")})
	b, err := hasoffers.NewBatcher(s, req)
	if err != nil {
		t.Fatal(err)
	}
	got, rejects, err := b.Batch(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{
		{"acme", int64(7), "1350.00000", int64(0), true, int64(1455287698e6), int64(1455269698e6), nil, nil, nil, int64(1455287700e6), int32(16843), "approved", nil},
		{"acme", int64(9), "12.5", int64(4), false, int64(1467345600e6), int64(1467331200e6), nil, nil, nil, nil, nil, "x/y é", nil},
	}
	var rows [][]any
	for row := range got.Rows() {
		var cells []any
		for col, c := range req.Stream.Tables[0].Columns {
			cells = append(cells, value(c.Type, &got, row, col))
		}
		rows = append(rows, cells)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if rejects.Rows() != 1 {
		t.Fatalf("got %d rejects, want 1", rejects.Rows())
	}
	if raw, _ := rejects.Cell(0, 0); !bytes.Contains(raw, []byte(`"payout":"a lot"`)) {
		t.Errorf("raw reject %s", raw)
	}
}

func value(typ record.Type, b *record.Batch, row, col int) any {
	cell, null := b.Cell(row, col)
	switch {
	case null:
		return nil
	case typ == record.Integer || typ == record.Timestamp || typ == record.LocalTime:
		return record.Int(cell)
	case typ == record.Boolean:
		return cell[0] == 1
	case typ == record.Date:
		return record.Days(cell)
	}
	return string(cell)
}

// TestAddress pins what a call looks like on the wire.
func TestAddress(t *testing.T) {
	v := &vendor{Vendor: &sourcetest.Vendor{URL: "http://localhost"}}
	v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.WriteString(w, `{"response":{"status":1,"data":{"page":1,"count":0,"pageCount":0,"data":[]}}}`)
		if err != nil {
			t.Error(err)
		}
	})
	o := &hasoffers.Options{Fields: []string{"payout"}, Filters: map[string]any{"offer_id": []any{int64(9), int64(7)}, "revenue": map[string]any{"GREATER_THAN": "0"}}}
	got := read(t, overWire(t, v, v.network(), o), day(t, "2016-08-29", 1))
	if got.err != nil || got.rows != 0 || got.announced != 0 {
		t.Fatalf("got %d rows of %d, %v", got.rows, got.announced, got.err)
	}
	urls := v.asked("")
	if len(urls) != 1 {
		t.Fatalf("got %d requests, want one: %v", len(urls), urls)
	}
	u, err := url.Parse(urls[0])
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"Target": {"Conversion"}, "Method": {"findAll"}, "NetworkId": {"demo"}, "NetworkToken": {"NETdemo"},
		"fields[]": {"id", "datetime", "payout"}, "filters[offer_id][]": {"7", "9"}, "filters[revenue][GREATER_THAN]": {"0"},
		"filters[datetime][GREATER_THAN_OR_EQUAL_TO]": {"2016-08-29 00:00:00"}, "filters[datetime][LESS_THAN]": {"2016-08-30 00:00:00"},
		"filters[id][GREATER_THAN]": {"0"}, "sort[id]": {"asc"}, "limit": {"1000"},
	}
	if diff := cmp.Diff(want, u.Query()); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}
