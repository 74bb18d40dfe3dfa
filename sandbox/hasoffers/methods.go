package hasoffers

import (
	"slices"
	"sort"
	"strconv"
	"time"
)

// answer runs the method that was called, behind all checks of the doors.
func (c *call) answer() {
	var err error
	switch c.op {
	case "Conversion::findAll":
		err = c.findAll()
	case "Conversion::findById":
		err = c.findByID()
	case "Conversion::findAllIds":
		err = c.findAllIDs()
	case "Conversion::findUpdatedConversions":
		err = c.findEdited(view.updated)
	case "Conversion::findAddedConversions":
		err = c.findEdited(view.addedByHand)
	default:
		err = c.unknown()
	}
	if err != nil {
		c.refuse(&problem{message: err.Error()})
	}
}

// unknown is what a call without a known method gets; only the first text is recorded (§9).
func (c *call) unknown() error {
	target, method := c.params.text("Target"), c.params.text("Method")
	switch {
	case target == "":
		return missing("Target")
	case method == "":
		return missing("Method")
	default:
		return says("Method '%s' does not exist in target '%s'", method, target)
	}
}

func missing(name string) error {
	return says("Missing required argument: %s", name)
}

// findAll answers a page of conversions (§3, §4).
func (c *call) findAll() error {
	a := c.st.cfg.Answers
	f, err := parseFilter(c.params.get("filters"), c.st.fields, a.Operators)
	if err != nil {
		return err
	}
	keys, err := parseSort(c.params.get("sort"), c.st.fields)
	if err != nil {
		return err
	}
	shape, err := c.shape()
	if err != nil {
		return err
	}
	pages, err := c.paging()
	if err != nil {
		return err
	}
	v := c.net.begin()
	q := newQuery(f, keys, a.DefaultOrder)
	c.cutPersonal(v, &q.window, shape.fields)
	found := c.net.run(v, q)
	return c.page(v, found, pages, shape)
}

// cutPersonal shortens the window when personal fields are asked for (§6).
func (c *call) cutPersonal(v view, w *window, fields []Field) {
	if days := c.net.CutPersonal; days > 0 && slices.ContainsFunc(fields, Field.personal) {
		w.wall.from = max(w.wall.from, v.cal.wall(v.now-int64(days)*86400))
	}
}

// shape is which fields and related models the rows have.
type shape struct {
	fields  []Field
	contain []string
}

var models = []string{
	"Advertiser", "AdvertiserManager", "Affiliate", "AffiliateManager", "Browser", "ConversionMeta", "Country",
	"CustomerList", "Offer", "OfferFile", "OfferUrl", "AdCampaign", "AdCampaignCreative", "RingRevenue",
}

// shape reads fields[] (none = all) and contain[]; the sandbox has no related objects, so each is "none" (§5).
func (c *call) shape() (shape, error) {
	var s shape
	for _, name := range c.params.get("fields").values() {
		f, err := c.st.fields.named(name)
		if err != nil {
			return s, err
		}
		if !slices.Contains(s.fields, f) {
			s.fields = append(s.fields, f)
		}
	}
	if len(s.fields) == 0 {
		s.fields = c.st.fields.all()
	}
	for _, model := range c.params.get("contain").values() {
		if !slices.Contains(models, model) {
			return s, says("Contain '%s' does not exist.", model)
		}
		s.contain = append(s.contain, model)
	}
	return s, nil
}

// paging is limit and page as they are to be applied.
type paging struct {
	limit int64  // 0 = not sent: all rows, no envelope of pages
	page  int64  // counted from 1; 0 = an empty page
	sent  string // page as sent, "" = not
}

func (c *call) paging() (paging, error) {
	a := c.st.cfg.Answers
	p := paging{page: 1, sent: c.params.text("page")}
	if limit, err := strconv.ParseInt(c.params.text("limit"), 10, 64); err == nil && limit > 0 {
		p.limit = limit
	}
	if top := int64(a.MaxLimit); top > 0 && p.limit > top && a.MaxLimitMode != MaxLimitNone {
		if a.MaxLimitMode == MaxLimitError {
			return p, says("The limit may not be greater than %d.", top)
		}
		p.limit = top
	}
	page, err := strconv.ParseInt(p.sent, 10, 64)
	if err != nil { // the vendor takes what is no number for the first page
		page = 1
	}
	switch {
	case page > 0:
		p.page = page
	case page < 0:
	case a.PageZero == PageZeroError:
		return p, says("The page must be greater than 0.")
	case a.PageZero == PageZeroEmpty:
		p.page = 0
	}
	return p, nil
}

// findByID answers one row without a map, null for an unknown id (§4).
func (c *call) findByID() error {
	text := c.params.text("id")
	if text == "" {
		return missing("id")
	}
	s, err := c.shape()
	if err != nil {
		return err
	}
	id, parseErr := strconv.ParseInt(text, 10, 64)
	v := c.net.view()
	r, found := v.find(id)
	if parseErr != nil || !found {
		return c.send(func(d *document) { d.text("null") })
	}
	out := newRenderer(newMaker(v, &c.net.parsed), s, c.st.cfg.Answers.NoID)
	return c.send(func(d *document) { d.buf = out.appendModels(d.buf, r) })
}

// findAllIDs answers an array of numeric strings (§4).
func (c *call) findAllIDs() error {
	v := c.net.view()
	walk := v.byID(everything)
	return c.send(func(d *document) {
		d.text("[")
		first := true
		for r, ok := walk.next(); ok && d.err == nil; r, ok = walk.next() {
			if !first {
				d.text(",")
			}
			first = false
			d.buf = append(strconv.AppendInt(append(d.buf, '"'), r.id, 10), '"')
			d.flush(flushAt)
		}
		d.text("]")
	})
}

// findEdited answers findUpdatedConversions and findAddedConversions (§7).
func (c *call) findEdited(pick func(v view, in func(edited, happened int64) bool) []ref) error {
	var days [2]time.Time
	for i, name := range []string{"start_date", "end_date"} {
		text := c.params.text(name)
		if text == "" {
			return missing(name)
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return says("Invalid value for argument: %s", name)
		}
		days[i] = day
	}
	keys, err := parseSort(c.params.get("sort"), c.st.fields)
	if err != nil {
		return err
	}
	s, err := c.shape()
	if err != nil {
		return err
	}
	pages, err := c.paging()
	if err != nil {
		return err
	}
	v := c.net.view()
	wanted := span{days[0].Unix(), days[1].AddDate(0, 0, 1).Unix()}
	rows := pick(v, func(edited, happened int64) bool {
		at := edited
		if c.st.cfg.Answers.UpdatesBy == UpdatesByConversion {
			at = happened
		}
		return wanted.has(v.cal.wall(at))
	})
	newMaker(v, &c.net.parsed).sort(rows, keys)
	return c.page(v, result{int64(len(rows)), (*listWalk)(&rows)}, pages, s)
}

// updated returns the rows that were changed, by id.
func (v view) updated(in func(edited, happened int64) bool) []ref {
	var out []ref
	for id, e := range v.ov.edits {
		if r, ok := v.find(id); ok && in(e.at, r.at) {
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].id < out[j].id })
	return out
}

// addedByHand returns the rows a person added, by id.
func (v view) addedByHand(in func(edited, happened int64) bool) []ref {
	var out []ref
	for _, a := range v.ov.added {
		if a.manual && !v.ov.gone[a.id] && in(a.made, a.at) {
			out = append(out, a.ref)
		}
	}
	return out
}
