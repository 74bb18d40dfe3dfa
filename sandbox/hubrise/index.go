package hubrise

import (
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"exporter/sandbox/meter"
)

// entry is one row of an index: where it is, what it is called, and how to write it.
type entry struct {
	at    string // what a cursor that stops here remembers
	key   string
	write func(*doc)
}

// rows yields the rows of an index behind a position, from its beginning for "".
type rows func(after string) iter.Seq[entry]

const maxCount = 100

// pageBuffers keeps the memory of pages, which are large and short-lived.
var pageBuffers = sync.Pool{New: func() any { return new([]byte) }}

// index answers with a page (sheet: Pagination).
func (c *call) index(query url.Values, all rows) *problem {
	a := c.st.cfg.Answers
	count, no := c.count(query)
	if no != nil {
		return no
	}
	var from cursor
	if text := query.Get("cursor"); text != "" {
		var err error
		if from, err = c.readCursor(text); err != nil {
			return &problem{status: a.BadCursor, field: "cursor", message: err.Error()}
		}
	}
	d := c.doc()
	buffer, ok := pageBuffers.Get().(*[]byte)
	if !ok {
		panic("hubrise: the pool of page buffers holds something else")
	}
	defer func() { *buffer = d.b; pageBuffers.Put(buffer) }() // sent by then
	d.b = append((*buffer)[:0], '[')
	page := meter.Page{Operation: c.op, Key: c.R.URL.Path, Page: query.Get("cursor")}
	next := cursor{at: from.at, skip: from.skip}
	more := false
	if !from.empty {
		more = c.fill(d, all, from, count, &next, &page)
	}
	more = more || from.empty || a.EmptyPages == EmptyLast && page.Rows == count
	next.empty = more && !from.empty && a.EmptyPages == EmptyBetween
	d.b = append(d.b, ']')
	switch {
	case more:
		c.W.Header().Set("X-Cursor-Next", c.writeCursor(next))
	case a.NoMore == NoMoreEmpty:
		c.W.Header().Set("X-Cursor-Next", "")
	}
	c.s.meter.Served(page)
	c.send(d)
	return nil
}

// fill writes up to count rows behind from and reports whether there are more.
func (c *call) fill(d *doc, all rows, from cursor, count int, next *cursor, page *meter.Page) (more bool) {
	a := c.st.cfg.Answers
	after, skip := from.at, 0
	if a.Cursors == CursorsOffset {
		after, skip = "", from.skip
	}
	before := cursor{at: after, skip: skip}
	for e := range all(after) {
		if skip > 0 {
			skip--
			continue
		}
		if page.Rows == count {
			if a.Duplicates && count > 1 {
				next.at, next.skip = before.at, before.skip
			}
			return true
		}
		if page.Rows > 0 {
			before = *next
		}
		e.write(d)
		if page.Rows == 0 {
			page.First = e.key
		}
		page.Last = e.key
		page.Rows++
		next.at = e.at
		next.skip++
	}
	return false
}

func (c *call) count(query url.Values) (int, *problem) {
	text := query.Get("count")
	if text == "" {
		return maxCount, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || c.st.cfg.Answers.Count == CountRefused && (n < 1 || n > maxCount) {
		return 0, invalid("count", "%q is not a number from 1 to %d", text, maxCount)
	}
	return min(max(n, 1), maxCount), nil
}

// cursor is where a page goes on.
type cursor struct {
	at    string // behind this row
	skip  int    // behind so many rows
	empty bool   // after a page without rows
}

var errCursor = errors.New("is not a valid cursor")

// writeCursor makes a text only this index can read.
func (c *call) writeCursor(next cursor) string {
	n := c.s.cursors.Add(1)
	body := fmt.Sprintf("%d %d %t %d %s", n, next.skip, next.empty, time.Now().Unix(), next.at)
	return base64.RawURLEncoding.EncodeToString([]byte(body + c.seal(body)))
}

// seal ties a cursor to its path.
func (c *call) seal(body string) string {
	return fmt.Sprintf("%08x", uint32(mix(c.s.seed, hashText(body+c.R.URL.Path))))
}

func (c *call) readCursor(text string) (cursor, error) {
	var out cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 8 {
		return out, errCursor
	}
	body, seal := string(raw[:len(raw)-8]), string(raw[len(raw)-8:])
	parts := strings.SplitN(body, " ", 5)
	if seal != c.seal(body) || len(parts) != 5 {
		return out, errCursor
	}
	skip, err1 := strconv.Atoi(parts[1])
	made, err2 := strconv.ParseInt(parts[3], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return out, errCursor
	}
	a := c.st.cfg.Answers
	if a.CursorSeconds > 0 && time.Now().Unix()-made >= int64(a.CursorSeconds) {
		return out, errors.New("has expired")
	}
	return cursor{at: parts[4], skip: skip, empty: parts[2] == "true"}, nil
}

// numbered is an index of n rows that are told apart by their number. A row that is not there is not ok.
func numbered(n int, row func(i int) (e entry, ok bool)) rows {
	return inOrder(n, func(i int) int { return i }, row)
}

// inOrder is the same with the place of each row given.
func inOrder(n int, place func(int) int, row func(i int) (e entry, ok bool)) rows {
	return func(after string) iter.Seq[entry] {
		return func(yield func(entry) bool) {
			from := 0
			if after != "" {
				last, err := strconv.Atoi(after)
				if err != nil {
					return
				}
				from = last + 1
			}
			for i := from; i < n; i++ {
				e, ok := row(place(i))
				e.at = strconv.Itoa(i)
				if ok && !yield(e) {
					return
				}
			}
		}
	}
}
