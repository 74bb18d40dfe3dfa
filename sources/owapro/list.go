package owapro

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"slices"
	"strconv"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/sources/pageprint"
)

// list is a directory of the vendor.
type list struct {
	what, path string
	query      url.Values
	ids, names []string // members of an entry, the likeliest first; the shape is not documented
}

// entry is one of a list's things.
type entry struct{ id, name string }

func listOf(stream, customer string) list {
	switch stream {
	case streamCustomers:
		return list{
			what: "customers", path: "/api/report/customer",
			ids: []string{"customerid", "customer_id", "id"}, names: []string{"customer", "customer_name", "name", "label", "title"},
		}
	case streamTrackgroups:
		return list{
			what: "channels of customer " + customer, path: "/api/report/customer_trackgroup", query: url.Values{fieldCustomerID: {customer}},
			ids:   []string{"customer_trackgroupid", "trackgroupid", "customer_trackgroup_id", "id"},
			names: []string{"customer_trackgroup", "trackgroup", "name", "label", "title"},
		}
	default:
		return list{
			what: "report types", path: "/api/report/config",
			ids: []string{"configid", "config_id", "id"}, names: []string{"config", "config_name", "name", "api_name", "backend_name", "label", "title"},
		}
	}
}

// listPage asks for one page and gives its entries to each.
func (s *source) listPage(ctx context.Context, l list, page, limit int, each func(entry) error) (counts, error) {
	got, err := s.askList(ctx, l, page, limit, each)
	if err != nil && !errors.Is(err, errStopped) {
		err = fault.New(fault.ClassOf(err), "list %s: %w", l.what, err)
	}
	return got, err
}

func (s *source) askList(ctx context.Context, l list, page, limit int, each func(entry) error) (counts, error) {
	query := url.Values{"page_limit": {strconv.Itoa(limit)}, "page_number": {strconv.Itoa(page)}}
	for name, values := range l.query {
		query[name] = values
	}
	tree, err := s.tree(ctx, &httpapi.Request{URL: l.path, Query: query, Want: "application/json"})
	if err != nil {
		return counts{}, err
	}
	rows, got := entries(tree, l.ids)
	for i, row := range rows {
		e := entry{id: member(row, l.ids), name: member(row, l.names)}
		if e.id == "" {
			return got, fault.New(fault.Data, "entry %d has no id", i+1).WithHint("The vendor's answer has another shape than known. Report it with the names of its members.")
		}
		if err := each(e); err != nil {
			return got, err
		}
	}
	got.rows = int64(len(rows))
	got.lines = got.rows
	return got, nil
}

// tree reads a whole JSON answer that is known to be small, and whether it is a good one.
func (s *source) tree(ctx context.Context, r *httpapi.Request) (tree any, err error) {
	resp, err := s.client.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	d := newDecoder(resp.Body)
	var value []byte
	err = d.Document(func() error {
		raw, err := d.ReadValue()
		value = bytes.Clone(raw)
		return err
	})
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fault.New(fault.Transient, "decode answer: %w", err)
	}
	if top, ok := tree.(map[string]any); ok {
		if status, set := top["status"]; set && scalar(status) != "1" && scalar(status) != "" {
			return nil, inAnswer(s.client.Redact(vendorText(value)))
		}
	}
	return tree, nil
}

// entries finds the first list of an answer in which objects have ids, and what
// stands around it about paging. What in it is no object is a nil entry.
func entries(tree any, ids []string) ([]map[string]any, counts) {
	got := noCounts()
	var found []map[string]any
	hasID := func(v any) bool {
		object, _ := v.(map[string]any)
		return member(object, ids) != ""
	}
	var walk func(v any) bool
	walk = func(v any) bool {
		switch v := v.(type) {
		case []any:
			if !slices.ContainsFunc(v, hasID) {
				return slices.ContainsFunc(v, walk)
			}
			for _, element := range v {
				object, _ := element.(map[string]any)
				found = append(found, object)
			}
			return true
		case map[string]any:
			got.note(v)
			if status, ok := v["status"].(map[string]any); ok {
				got.note(status)
			}
			return walk(v["data"])
		}
		return false
	}
	walk(tree)
	return found, got
}

func (c *counts) note(object map[string]any) {
	for name, to := range map[string]*int64{"items": &c.items, "pages": &c.pages} {
		if n, err := strconv.ParseInt(scalar(object[name]), 10, 64); err == nil {
			*to = n
		}
	}
}

func member(object map[string]any, names []string) string {
	for _, name := range names {
		if text := scalar(object[name]); text != "" {
			return text
		}
	}
	return ""
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// wholeList reads all pages of a list.
func (s *source) wholeList(ctx context.Context, l list, each func(entry) error) error {
	var at place
	for !at.Done {
		var print pageprint.Sum
		got, err := s.listPage(ctx, l, at.Page+1, defaultPageSize, func(e entry) error {
			print.Add(pageprint.Of([]byte(e.id + "\x00" + e.name)))
			return each(e)
		})
		if err == nil {
			at, err = at.next(got, print.String(), "", defaultPageSize, math.MaxInt64)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// directory reads a list as a stream.
func (r *reader) directory() error {
	customer := r.req.Part
	if r.req.Stream.Name == streamTrackgroups && customer == "" {
		return fault.New(fault.Config, "channels are read by customer, and none is named")
	}
	l := listOf(r.req.Stream.Name, customer)
	table := r.req.Stream.Tables[0]
	build := record.NewBuilder(0, table, nil)
	limit := r.limit
	page := func(at place) (place, error) {
		var print pageprint.Sum
		got, err := r.s.listPage(r.ctx, l, at.Page+1, limit, func(e entry) error {
			print.Add(pageprint.Of([]byte(e.id + "\x00" + e.name)))
			fill(build, table, customer, e)
			return nil
		})
		if err != nil {
			return at, err
		}
		return at.next(got, print.String(), "", limit, math.MaxInt64)
	}
	return r.walk(build, page)
}

// fill appends the row of an entry.
func fill(build *record.Builder, table record.Table, customer string, e entry) {
	for _, c := range table.Columns {
		value := map[string]string{originAccount: customer, originID: e.id, originName: e.name}[c.Wire()]
		if value == "" {
			build.Null()
		} else {
			build.Raw([]byte(value))
		}
	}
	build.EndRow(func() []byte {
		text, _ := json.Marshal(map[string]string{"id": e.id, "name": e.name}) // strings always encode
		return text
	})
}

// walk reads the pages of a list from the request's checkpoint on.
func (r *reader) walk(build *record.Builder, page func(place) (place, error)) error {
	c, err := r.resume([]string{""})
	if err != nil {
		return err
	}
	at := &c.Blocks[0]
	if at.Page > 0 {
		r.limit = c.Limit
		again, err := page(place{Page: at.Page - 1, Items: at.Items})
		if err != nil {
			return err
		}
		if again.Keys != at.Keys || again.Pages != at.Pages {
			return moved(at.Page)
		}
		build.Take()
	}
	for {
		if !at.Done {
			if at.place, err = page(at.place); err != nil {
				return err
			}
		}
		c.Limit = r.limit
		next, err := c.checkpoint()
		if err != nil {
			return err
		}
		out := sources.Page{Next: next, Announced: c.announced()}
		out.Batch, out.Rejects = build.Take()
		if err := r.send(out); err != nil || at.Done || r.enough() {
			return err
		}
	}
}

func moved(page int) error {
	return fault.New(fault.Drift, "page %d is no longer what it was when the reading stopped after it", page).
		WithHint("The slice starts again.")
}
