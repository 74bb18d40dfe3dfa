package hubrise

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/zeebo/xxh3"

	"exporter/fault"
	"exporter/sources/httpapi"
	"exporter/sources/jsonbody"
	"exporter/sources/pageprint"
)

// maxIdle is how many pages in a row may bring nothing new: beyond it the cursors
// lead nowhere.
const maxIdle = 100

// step is one list, or one document, of a slice.
type step struct {
	id    string // in the plan
	path  string
	query url.Values // nil = a document without pages
	class string
	first func()                          // takes in what stands before the first page; may be nil
	read  func(d *jsonbody.Decoder) error // takes an answer in
}

// page is what an answer was.
type page struct {
	next  string // the vendor's cursor of the page after it
	print pageprint.Sum
	span  span // of creation of its rows
	rows  int
	fresh int // of them, those that had not come before
}

// walk reads the steps from the request's checkpoint on.
func (r *reader) walk() error {
	if len(r.steps) == 0 { // nothing is there, which is a good end too
		next, err := (&cursor{}).checkpoint()
		if err != nil {
			return err
		}
		return r.hand(next)
	}
	plan := xxh3.New()
	for _, s := range r.steps {
		_, _ = plan.WriteString(s.id + "\x00") // never fails
	}
	sum := plan.Sum128().Bytes()
	c, err := r.resume(hex.EncodeToString(sum[:]))
	if err != nil {
		return err
	}
	if c.Page > 0 {
		if err := r.reread(c); err != nil {
			return err
		}
	}
	for {
		more := r.follow(c)
		if more {
			if err := r.turn(c); err != nil {
				return err
			}
			if r.page.rows == 0 && c.Next != "" { // goes on where the page before it did
				continue
			}
		}
		next, err := c.checkpoint()
		if err != nil {
			return err
		}
		if !r.follows(c) && r.outside > 0 {
			r.warn("%d rows were created outside of the interval and are left out: the vendor heeds neither after nor before", r.outside)
		}
		if err := r.hand(next); err != nil || !more || !r.follows(c) || r.enough() {
			return err
		}
	}
}

// reread reads the last durable page again.
func (r *reader) reread(c *cursor) error {
	r.again, r.before = true, c.Span
	p, err := r.fetch(c.Step, c.At)
	if err != nil {
		return err
	}
	if p.print.String() != c.Print || (p.next == "") != (c.Next == "") {
		return fault.New(fault.Drift, "page %d of %s is no longer what it was when the reading stopped after it", c.Page, r.steps[c.Step].path).
			WithHint("The slice starts again.")
	}
	c.Next = p.next
	if err := r.hand(nil); err != nil {
		return err
	}
	r.again, r.outside, r.page = false, 0, p
	return nil
}

// follows tells whether a page comes after the cursor's.
func (r *reader) follows(c *cursor) bool {
	return c.Page == 0 || c.Next != "" || c.Step+1 < len(r.steps)
}

// follow moves the cursor to the page after it, if there is one.
func (r *reader) follow(c *cursor) bool {
	switch {
	case !r.follows(c):
		return false
	case c.Page == 0:
		c.Page = 1
	case c.Next != "":
		c.Page, c.At = c.Page+1, c.Next
		c.Span.join(r.page.span)
	default:
		c.Step, c.Page, c.At, c.Span, c.Idle = c.Step+1, 1, "", span{}, 0
		r.before = span{}
		clear(r.seen)
	}
	return true
}

// turn reads the cursor's page.
func (r *reader) turn(c *cursor) error {
	p, err := r.fetch(c.Step, c.At)
	if err != nil {
		return err
	}
	if p.next != "" && p.next == c.At {
		return endless(r.steps[c.Step].path)
	}
	if c.Idle++; p.fresh > 0 {
		c.Idle = 0
	}
	if c.Idle >= maxIdle {
		return endless(r.steps[c.Step].path)
	}
	r.page, c.Next, c.Print = p, p.next, p.print.String()
	return nil
}

func endless(path string) error {
	return fault.New(fault.Data, "the pages of %s do not end: the vendor's cursors lead nowhere new", path).
		WithHint("Try another page_size in the job's options, or shorter intervals. If that does not help, ask HubRise's support.")
}

// fetch asks for a page of a step and takes its rows in.
func (r *reader) fetch(n int, at string) (p page, err error) {
	s := &r.steps[n]
	query := url.Values{}
	if s.query != nil {
		query.Set("count", strconv.Itoa(r.limit))
	}
	for name, values := range s.query {
		query[name] = values
	}
	if at != "" {
		query.Set("cursor", at)
	}
	resp, err := r.s.client.Do(r.ctx, &httpapi.Request{URL: s.path, Query: query, Want: "application/json", Class: s.class})
	if err != nil {
		return p, refusedCursor(at, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	r.page = page{}
	if s.query != nil {
		r.page.next = nextCursor(resp.Header)
	}
	if at == "" && s.first != nil {
		s.first()
	}
	d := newDecoder(resp.Body)
	if err := d.Document(func() error { return s.read(d) }); err != nil {
		return p, err
	}
	return r.page, nil
}

// refusedCursor makes a cursor that the vendor does not take a reason to start again.
func refusedCursor(at string, err error) error {
	if at == "" {
		return err
	}
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		return fault.New(fault.Drift, "the vendor refuses its own cursor: %w", err).
			WithHint("It may have expired. The slice starts again. If that stays so, shorten the interval of the job, so that a slice has fewer pages.")
	}
	return err
}

// fresh notes an element of a list by its id, and reports whether it is new. One
// that comes again and has changed is not both.
func (r *reader) fresh(id, document []byte, created int64) (bool, error) {
	print := pageprint.Of(document)
	r.page.print.Add(print)
	r.page.rows++
	if created != 0 {
		r.page.span.add(created)
	}
	if len(id) == 0 { // it will be a reject, however often it comes
		r.page.fresh++
		return true, nil
	}
	key := xxh3.Hash128(id)
	if before, twice := r.seen[key]; twice {
		if before != print.Short() {
			return false, fault.New(fault.Drift, "%s came twice and had changed in between", id).
				WithHint("It was changed while the pages were read. The slice starts again.")
		}
		r.warn("rows came twice, on two pages, and were taken once")
		return false, nil
	}
	if !r.again && created != 0 && r.before.holds(created) {
		return false, fault.New(fault.Drift, "%s may have been read before the reading stopped", id).
			WithHint("The vendor's pages are in no order of time, so that a reading cannot go on in the middle. The slice starts again.")
	}
	r.seen[key] = print.Short()
	r.page.fresh++
	return true, nil
}
