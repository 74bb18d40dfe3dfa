package owapro

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"exporter/sandbox/meter"
)

// Codes of a block that failed on HTTP 200; which ones the vendor has is not published.
const (
	codeUnknownColumn = 3
	codeFailed        = 7
)

// block is one block of an answer.
type block struct {
	blockAsk
	order  int // among the blocks of its id, from 1
	first  bool
	code   int
	msg    string
	result *result // nil if the code is not 0
	fresh  bool    // it was not known before
	page   []ref
	pages  int
}

// generate answers a report (sheet: Report request).
func (c *call) generate() *problem {
	report, p := c.report(c.R.Header.Get("configid"))
	if p != nil {
		return p
	}
	body, err := io.ReadAll(io.LimitReader(c.R.Body, maxBody))
	if err != nil {
		return badRequest("the body broke off")
	}
	currency, asks, err := parseAsk(body)
	if err != nil {
		return badRequest("%v", err)
	}
	text := c.wantsCSV(body)
	switch answer := c.st.cfg.CSV.Answer; {
	case !text || answer == AnswerJSON:
		text = false
	case answer == AnswerRefuse:
		return notAcceptable
	case len(asks) > 1:
		return badRequest("CSV holds one block, not %d", len(asks))
	}
	blocks, p := c.blocks(report, currency, asks)
	switch {
	case p != nil:
		return p
	case c.failing() && c.st.cfg.Answers.Failure == FailTop:
		c.JSON(http.StatusOK, c.envelope(nil, failure(c)))
	case text && blocks[0].code == 0:
		c.sendCSV(blocks[0])
	default:
		c.sendBlocks(blocks)
	}
	return nil
}

func failure(c *call) string { return cmp.Or(c.Fault.Body, "Internal database error") }

// wantsCSV reports whether CSV is asked for (sheet: Report response (CSV)).
func (c *call) wantsCSV(body []byte) bool {
	cfg := c.st.cfg.CSV
	switch cfg.Ask {
	case AskQuery:
		return c.R.URL.Query().Get(cfg.Param) == cfg.Value
	case AskBody:
		var members map[string]any
		return json.Unmarshal(body, &members) == nil && members[cfg.Param] == cfg.Value
	}
	return accepts(c.R.Header.Values("Accept"), "text/csv")
}

// blocks finds the rows of all blocks, as the data is at one moment.
func (c *call) blocks(report Report, currency string, asks []blockAsk) ([]*block, *problem) {
	a := c.st.cfg.Answers
	now := c.st.cfg.Data.now()
	relative := 0
	var out []*block
	queries := make([]*query, len(asks))
	for i, one := range asks {
		if p := c.named(one.Filters); p != nil {
			return nil, p
		}
		q, err := newQuery(report, currency, one, now)
		b := &block{blockAsk: one, order: 1, first: i == 0}
		if i > 0 && asks[i-1].id == one.id {
			b.order = out[i-1].order + 1
		}
		var unknown unknownColumn
		switch {
		case errors.As(err, &unknown) && a.UnknownColumn != UnknownRefused:
			b.code, b.msg = codeUnknownColumn, err.Error()
		case err != nil:
			return nil, badRequest("%v", err)
		case c.failing() && (a.Failure != FailLastBlock || i == len(asks)-1):
			b.code, b.msg = codeFailed, failure(c)
		default:
			relative += q.relative
		}
		queries[i], out = q, append(out, b)
	}
	v := c.s.history.begin(c.st.world, relative)
	for i, b := range out {
		if b.code == 0 {
			c.fill(b, v, queries[i])
		}
	}
	return out, nil
}

// fill finds the rows of a block's page.
func (c *call) fill(b *block, v *view, q *query) {
	a := c.st.cfg.Answers
	shuffle := uint64(0)
	if a.Unsorted == UnsortedUnstable {
		shuffle = c.s.requests.Load()
	}
	b.result, b.fresh = c.s.history.find(v, q, shuffle)
	page := q.page
	if a.IgnorePageNumber {
		page = 1
	}
	b.page, b.pages = cut(b.result.rows, a.capped(q.limit), page)
	served := meter.Page{Operation: c.op, Key: c.key, Rows: len(b.page)}
	if b.PageNumber != nil {
		served.Page = strconv.Itoa(q.page)
	}
	if len(b.page) > 0 {
		served.First, served.Last = b.result.name(b.page[0]), b.result.name(b.page[len(b.page)-1])
	}
	c.s.meter.Served(served)
}

// name is what tells a row from the others.
func (r *result) name(row ref) string {
	var parts []string
	for _, d := range r.dims {
		if d.day != nil {
			parts = append(parts, d.day(r.view.date(r.days[row.day])))
			continue
		}
		label, _ := d.group(r.groups[row.group])
		if d.hasID() {
			label = d.idText(r.groups[row.group])
		}
		parts = append(parts, label)
	}
	return strings.Join(parts, "|")
}

// named refuses filters that name a customer the person may not see (sheet: Errors 403, 410).
func (c *call) named(filters []Filter) *problem {
	for _, f := range filters {
		if !slices.Contains([]string{"customer", "customerid"}, f.Field) || f.Operator != "eq" && f.Operator != "in" {
			continue
		}
		for _, value := range f.Value {
			for _, customer := range c.st.world.customers {
				if id := strconv.Itoa(customer.ID); value == id || value == customer.Name {
					if _, p := c.customer(id); p != nil {
						return p
					}
				}
			}
		}
	}
	return nil
}
