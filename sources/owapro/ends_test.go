package owapro_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
)

// plain is a report without ids, whose labels would be looked up in JSON, and two
// weeks of it.
func plain(t *testing.T, size int) (*owapro.Options, sources.Interval) {
	t.Helper()
	o := daily()
	o.Dimensions, o.PageSize = []string{"date", "acc_channel", "acc_group"}, size
	return o, day(t, "2026-03-05", 14)
}

// plainRows are the rows of the plain report.
func plainRows(t *testing.T) *reading {
	t.Helper()
	o, i := plain(t, 1000)
	want := read(t, open(t, newVendor(t, sandbox.Config{}).config(), o, sources.Deps{}), customer, i)
	if n := len(want.rows); want.err != nil || n < 129 || n%50 == 0 || n%64 == 0 {
		t.Fatalf("%d rows, error %v", n, want.err)
	}
	return want
}

// A vendor may have its own idea of how long a page is, and in CSV says nothing of it.
func TestCappedCSV(t *testing.T) {
	want := plainRows(t)
	for _, most := range []int{7, 13, 50, 64, 100, 128} {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{MaxPageLimit: most}})
		o, i := plain(t, 1000)
		got := read(t, open(t, v.config(), o, sources.Deps{}), customer, i)
		if got.err != nil || got.warnings != "" || len(got.rows) <= most || got.hash() != want.hash() {
			t.Errorf("at most %d rows a page: got %d rows of %d, warnings %q, error %v", most, len(got.rows), len(want.rows), got.warnings, got.err)
		}
	}
}

// Whether a page was cut is asked once: a shorter one than any before was not.
func TestShortPagesAreAskedOnce(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o, i := plain(t, 1000)
	s := open(t, v.config(), o, sources.Deps{})
	if got := read(t, s, customer, i); got.err != nil {
		t.Fatal(got.err)
	}
	before := v.Requests.Load()
	got := read(t, s, customer, day(t, "2026-03-05", 9))
	if asked := v.Requests.Load() - before; got.err != nil || len(got.rows) == 0 || asked != 1 {
		t.Errorf("%d rows in %d requests, error %v", len(got.rows), asked, got.err)
	}
}

// A vendor that ignores page_number has answered once all rows are on its page.
func TestOneCSVForEveryPage(t *testing.T) {
	want := plainRows(t)
	v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{IgnorePageNumber: true}})
	o, i := plain(t, 1000)
	if got := read(t, open(t, v.config(), o, sources.Deps{}), customer, i); got.err != nil || got.hash() != want.hash() {
		t.Errorf("%d rows, want %d; error %v", len(got.rows), len(want.rows), got.err)
	}
}

// edited lets a test change the CSV of a vendor; json counts the answers in JSON.
func edited(t *testing.T, v *vendor, json *int, edit func(page string, csv []byte) []byte) {
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Del("Accept-Encoding")
		rec := httptest.NewRecorder()
		v.Handler().ServeHTTP(rec, r)
		answer := rec.Body.Bytes()
		if strings.Contains(rec.Header().Get("Content-Type"), "csv") {
			page := "1"
			if _, after, ok := strings.Cut(string(body), `"page_number":`); ok {
				page = strings.TrimSpace(after)[:1]
			}
			answer = edit(page, answer)
		} else {
			*json++
		}
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		w.WriteHeader(rec.Code)
		if _, err := w.Write(answer); err != nil {
			t.Error(err)
		}
	})
}

// A vendor that does not end its last line is found out with one answer in JSON.
func TestCSVWithoutALastLineEnd(t *testing.T) {
	want, v := plainRows(t), newVendor(t, sandbox.Config{Answers: sandbox.Answers{Noise: sandbox.NoiseOff}})
	o, i := plain(t, 25)
	s := open(t, v.config(), o, sources.Deps{})
	report(t, s)
	json := 0
	edited(t, v, &json, func(_ string, csv []byte) []byte { return bytes.TrimRight(csv, "\r\n") })
	for range 2 {
		if got := read(t, s, customer, i); got.err != nil || got.hash() != want.hash() {
			t.Errorf("%d rows, want %d; error %v", len(got.rows), len(want.rows), got.err)
		}
	}
	if json != 1 {
		t.Errorf("%d answers in JSON, want 1", json)
	}
}

// A row that moves to the next page while it is read is not counted twice.
func TestRowThatMovesToTheNextPage(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o, i := plain(t, 25)
	s := open(t, v.config(), o, sources.Deps{})
	report(t, s)
	var first []byte
	json := 0
	edited(t, v, &json, func(page string, csv []byte) []byte {
		lines := bytes.SplitAfter(csv, []byte("\n"))
		switch page {
		case "1":
			first = bytes.Clone(lines[len(lines)-2])
		case "2":
			return bytes.Join(append([][]byte{lines[0], first}, lines[1:len(lines)-2]...), nil)
		}
		return csv
	})
	wantError(t, read(t, s, customer, i).err, fault.Drift, "page 2 has rows of page 1")
}
