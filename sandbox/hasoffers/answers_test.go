package hasoffers_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
)

const fewFields = "fields[]=id"

// Answers are compared whole, byte by byte, apart from rows.
func TestEnvelopes(t *testing.T) {
	const head = `{"request":{"Target":"Conversion","Format":"json","Service":"HasOffers","Version":"2","NetworkId":"demo","NetworkToken":"NETdemo",`
	const ok, tail = `},"response":{"status":1,"httpStatus":200,"data":`, `,"errors":[],"errorMessage":null}}`
	failed := func(text string) string {
		text = strings.ReplaceAll(text, "/", `\/`)
		return `},"response":{"status":-1,"httpStatus":200,"data":"","errors":[{"publicMessage":"` + text + `"}],"errorMessage":"` + text + `"}}`
	}
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{{Days: 1, RowsPerDay: 3}}})
	first := ids(v.truth())
	slices.Sort(first)
	id := strconv.FormatInt(first[0], 10)
	cases := map[string]struct {
		method string
		pairs  []string
		want   string
	}{
		"limit and rows": {
			"findAll",
			[]string{"limit=1", "sort[id]=asc", "fields[]=id"},
			`"Method":"findAll","limit":"1","sort":{"id":"asc"},"fields":["id"]` + ok + `{"page":1,"current":0,"count":3,"pageCount":3,"data":{"` + id + `":{"Conversion":{"id":"` + id + `"}}}}` + tail,
		},
		"page sent": {
			"findAll",
			[]string{"limit=1", "page=1", "sort[id]=asc", "fields[]=id"},
			`"Method":"findAll","limit":"1","page":"1","sort":{"id":"asc"},"fields":["id"]` + ok + `{"page":"1","current":0,"count":3,"pageCount":3,"data":{"` + id + `":{"Conversion":{"id":"` + id + `"}}}}` + tail,
		},
		"limit and none": {
			"findAll",
			[]string{"limit=1", "filters[id]=1"},
			`"Method":"findAll","limit":"1","filters":{"id":"1"}` + ok + `{"page":1,"current":0,"count":0,"pageCount":0,"data":[]}` + tail,
		},
		"no limit, rows": {
			"findAll",
			[]string{"filters[id][]=1", "filters[id][]=" + id, "fields[0]=is_scrubed", "contain[]=Offer"},
			`"Method":"findAll","filters":{"id":["1","` + id + `"]},"fields":["is_scrubed"],"contain":["Offer"]` + ok + `{"` + id + `":{"Conversion":{"is_scrubed":"0"},"Offer":[]}}` + tail,
		},
		"no limit, none": {"findAll", []string{"filters[id]=1"}, `"Method":"findAll","filters":{"id":"1"}` + ok + `[]` + tail},
		"past the end": {
			"findAll",
			[]string{"limit=2", "page=9"},
			`"Method":"findAll","limit":"2","page":"9"` + ok + `{"page":"9","current":0,"count":3,"pageCount":2,"data":[]}` + tail,
		},
		"unknown id": {"findById", []string{"id=1"}, `"Method":"findById","id":"1"` + ok + `null` + tail},
		"by id": {
			"findById",
			[]string{"id=" + id, "fields[]=id"},
			`"Method":"findById","id":"` + id + `","fields":["id"]` + ok + `{"Conversion":{"id":"` + id + `"}}` + tail,
		},
		"all ids":        {"findAllIds", nil, fmt.Sprintf(`"Method":"findAllIds"%s["%d","%d","%d"]%s`, ok, first[0], first[1], first[2], tail)},
		"missing id":     {"findById", nil, `"Method":"findById"` + failed("Missing required argument: id")},
		"unknown method": {"explode", nil, `"Method":"explode"` + failed("Method 'explode' does not exist in target 'Conversion'")},
		"unknown field": {
			"findAll",
			[]string{"fields[]=colour"},
			`"Method":"findAll","fields":["colour"]` + failed("Field 'colour' does not exist or is not allowed to be used."),
		},
		"unknown field in a filter": {
			"findAll",
			[]string{"filters[OR][a/b]=1"},
			`"Method":"findAll","filters":{"OR":{"a\/b":"1"}}` + failed("Field 'a/b' does not exist or is not allowed to be used."),
		},
		"unknown field in sort": {
			"findAll",
			[]string{"sort[Conversion.nope]=asc"},
			`"Method":"findAll","sort":{"Conversion.nope":"asc"}` + failed("Field 'Conversion.nope' does not exist or is not allowed to be used."),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(head+c.want, string(v.call(c.method, c.pairs...).Body)); diff != "" {
				t.Errorf("%s %q (-want +got):\n%s", c.method, c.pairs, diff)
			}
		})
	}
}

// Every switch of the answers, as what it changes.
func TestAnswerSwitches(t *testing.T) {
	cases := map[string]struct {
		answers hasoffers.Answers
		pairs   []string
		want    string // part of the answer
	}{
		"request kept":           {hasoffers.Answers{}, []string{"limit=1"}, `"NetworkToken":"NETdemo"`},
		"request omitted":        {hasoffers.Answers{Request: hasoffers.RequestOmit}, []string{"limit=1"}, `{"response":{"status":1,`},
		"request redacted":       {hasoffers.Answers{Request: hasoffers.RequestRedact}, []string{"limit=1"}, `"NetworkId":"********","NetworkToken":"********","Method"`},
		"page always a number":   {hasoffers.Answers{PageEcho: hasoffers.PageEchoNumber}, []string{"limit=1", "page=2"}, `{"page":2,`},
		"page always a string":   {hasoffers.Answers{PageEcho: hasoffers.PageEchoString}, []string{"limit=1"}, `{"page":"1",`},
		"page 0 is page 1":       {hasoffers.Answers{}, []string{"limit=1", "page=0", "sort[id]=asc", fewFields}, `{"page":"0","current":0,"count":10,"pageCount":10,"data":{"1002"`},
		"page 0 is empty":        {hasoffers.Answers{PageZero: hasoffers.PageZeroEmpty}, []string{"limit=1", "page=0"}, `"pageCount":10,"data":[]`},
		"page 0 is an error":     {hasoffers.Answers{PageZero: hasoffers.PageZeroError}, []string{"limit=1", "page=0"}, `"status":-1`},
		"past end is the last":   {hasoffers.Answers{PastEnd: hasoffers.PastEndLast}, []string{"limit=9", "page=3", "sort[id]=asc", fewFields}, `"pageCount":2,"data":{"10`},
		"past end is an error":   {hasoffers.Answers{PastEnd: hasoffers.PastEndError}, []string{"limit=9", "page=3"}, `"publicMessage":"Page 3 does not exist, there are 2."`},
		"limit clamped":          {hasoffers.Answers{MaxLimit: 3}, []string{"limit=5"}, `"count":10,"pageCount":4,`},
		"limit refused":          {hasoffers.Answers{MaxLimit: 3, MaxLimitMode: hasoffers.MaxLimitError}, []string{"limit=5"}, `"publicMessage":"The limit may not be greater than 3."`},
		"limit free":             {hasoffers.Answers{MaxLimit: 3, MaxLimitMode: hasoffers.MaxLimitNone}, []string{"limit=5"}, `"count":10,"pageCount":2,`},
		"both operators":         {hasoffers.Answers{}, []string{"limit=1", "filters[id][GREATER_THAN]=1", "filters[id][LESS_THAN]=2"}, `"count":0,`},
		"last operator wins":     {hasoffers.Answers{Operators: hasoffers.OperatorsLast}, []string{"limit=1", "filters[id][LESS_THAN]=2", "filters[id][GREATER_THAN]=1"}, `"count":10,`},
		"errors as an object":    {hasoffers.Answers{ErrorShape: hasoffers.ErrorsObject}, []string{"fields[]=x"}, `"data":"","errors":{"publicMessage":"Field 'x'`},
		"refused field":          {hasoffers.Answers{RefusedFields: []string{"user_agent"}}, []string{"fields[]=user_agent"}, `Field 'user_agent' does not exist or is not allowed to be used.`},
		"field of 2021 in 2018":  {hasoffers.Answers{Fields: hasoffers.Fields2018}, []string{"fields[]=promo_code"}, `Field 'promo_code' does not exist`},
		"field of 2018 in 2018":  {hasoffers.Answers{Fields: hasoffers.Fields2018}, []string{"limit=1", "fields[]=tune_event_id"}, `"Conversion":{"tune_event_id":"`},
		"field id is gone":       {hasoffers.Answers{NoID: true}, []string{"fields[]=id"}, `Field 'id' does not exist`},
		"default order by id":    {hasoffers.Answers{DefaultOrder: hasoffers.OrderByID}, []string{"limit=1", fewFields}, `"data":{"1002"`},
		"unknown related model":  {hasoffers.Answers{}, []string{"contain[]=Planet"}, `Contain 'Planet' does not exist.`},
		"unknown operator":       {hasoffers.Answers{}, []string{"filters[id][conditional]=BETWEEN"}, `Invalid filter operator 'conditional' on field 'id'.`},
		"a limit without number": {hasoffers.Answers{}, []string{"limit=all", "filters[id]=1"}, `"data":[],"errors"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, hasoffers.Config{Answers: c.answers, Networks: []hasoffers.Network{{Days: 1, RowsPerDay: 10}}})
			if got := string(v.call("findAll", c.pairs...).Body); !strings.Contains(got, c.want) {
				t.Errorf("%q with %+v:\n got %.600s\nwant a part %s", c.pairs, c.answers, got, c.want)
			}
		})
	}
}

func TestOrders(t *testing.T) {
	network := []hasoffers.Network{{Days: 1, RowsPerDay: 64}}
	v := newVendor(t, hasoffers.Config{Networks: network})
	sorted := v.findAll("limit=64", "sort[id]=asc", fewFields).keys

	loose := v.findAll("limit=64", fewFields).keys
	if cmp.Equal(sorted, loose) {
		t.Error("without sort the rows come by id")
	}
	if diff := cmp.Diff(loose, v.findAll("limit=64", fewFields).keys); diff != "" {
		t.Errorf("the order without sort changed:\n%s", diff)
	}
	slices.Sort(loose)
	if diff := cmp.Diff(sorted, loose); diff != "" {
		t.Errorf("the order without sort has other rows:\n%s", diff)
	}

	shuffled := newVendor(t, hasoffers.Config{Networks: network, Answers: hasoffers.Answers{RowOrder: hasoffers.RowsShuffled}})
	page := shuffled.findAll("limit=16", "page=2", "sort[id]=asc", fewFields).keys
	if cmp.Equal(sorted[16:32], page) {
		t.Error("rows of a page come in order though they are to be shuffled")
	}
	slices.Sort(page)
	if diff := cmp.Diff(sorted[16:32], page); diff != "" {
		t.Errorf("the shuffled page has other rows:\n%s", diff)
	}
}

func TestNoID(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Answers: hasoffers.Answers{NoID: true}, Networks: []hasoffers.Network{small()}})
	got := v.findAll("limit=5", "sort[datetime]=asc", "sort[tune_event_id]=asc")
	for i, key := range got.keys {
		if id := got.rows[i]["tune_event_id"]; id == nil || *id != key {
			t.Errorf("row %d is keyed %s, want its tune_event_id %v", i, key, id)
		}
		if _, there := got.rows[i]["id"]; there {
			t.Errorf("row %s still has an id", key)
		}
	}
	if len(got.keys) != 5 {
		t.Errorf("%d rows, want 5", len(got.keys))
	}
}

func TestGzip(t *testing.T) {
	for _, c := range []struct {
		choice   hasoffers.Gzip
		accepted string
		zipped   bool
	}{{hasoffers.GzipAccepted, "gzip", true}, {hasoffers.GzipAccepted, "", false}, {hasoffers.GzipOff, "gzip", false}} {
		v := newVendor(t, hasoffers.Config{Answers: hasoffers.Answers{Gzip: c.choice}})
		r := httptest.NewRequest(http.MethodGet, "/Apiv3/json?Target=Conversion&Method=findAll&limit=3&NetworkId=demo&NetworkToken=NETdemo", http.NoBody)
		r.Header.Set("Accept-Encoding", c.accepted)
		w := httptest.NewRecorder()
		v.h.ServeHTTP(w, r)
		var body io.Reader = w.Body
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != c.zipped {
			t.Errorf("%+v: gzip %v", c, got)
		} else if got {
			var err error
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatal(err)
			}
		}
		doc, err := io.ReadAll(body)
		if err != nil || !json.Valid(doc) {
			t.Errorf("%+v: document %.200s: %v", c, doc, err)
		}
		if id := w.Header().Get("X-Request-Id"); len(id) != 36 {
			t.Errorf("X-Request-Id is %q", id)
		}
	}
}
