package owapro

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
	"exporter/sources/pageprint"
)

// block is a table of the report at work.
type block struct {
	asked
	index   int // of its table
	def     blockDefinition
	typer   *typer
	slots   *slots
	header  header
	handed  int64         // rows of the page at work that were handed on
	printed pageprint.Sum // and what they were
	counts  counts
	meta    *metadata // nil in CSV
}

// reportReader reads the report of one slice.
type reportReader struct {
	*reader
	from, to string
	blocks   []*block
	dicts    dicts
	marks    marks // of this reading's CSV
	currency string
	unsure   int    // pages in a row that CSV did not determine
	json     string // why the rest of this reading is in JSON, "" while it is not
	strange  bool   // a row of another day was seen
	broken   bool   // a cell that was no text was seen
}

func (r *reader) report() error {
	rr, err := r.newReport()
	if err != nil {
		return err
	}
	var names []string
	for _, b := range rr.blocks {
		names = append(names, r.req.Stream.Tables[b.index].Name)
	}
	c, err := r.resume(names)
	if err != nil {
		return err
	}
	rr.restore(c)
	if err := rr.verify(c); err != nil {
		return err
	}
	if err := rr.pages(c); err != nil {
		return err
	}
	return rr.learned()
}

func (r *reader) newReport() (*reportReader, error) {
	o := r.s.report
	if r.req.Part == "" {
		return nil, fault.New(fault.Config, "a report is read by customer, and none is named")
	}
	d, err := r.s.define(r.ctx)
	if err != nil {
		return nil, err
	}
	zone := r.req.Zone
	if zone == nil {
		zone = r.s.zone()
	}
	first, last := days(r.req.Interval, zone)
	rr := &reportReader{reader: r, from: first.Format(time.DateOnly), to: last.Format(time.DateOnly), marks: o.CSV.marks()}
	var within dayRange
	if within.from, err = record.ParseDays([]byte(rr.from)); err == nil {
		within.to, err = record.ParseDays([]byte(rr.to))
	}
	if err != nil || within.to < within.from {
		return nil, fault.New(fault.Config, "interval %s holds no day", r.req.Interval).WithHint("Reports know whole days only.")
	}
	if rr.dicts, err = r.s.dictsOf(r.ctx, r.req.Part); err != nil {
		return nil, err
	}
	if rr.currency = o.currency(); rr.currency == currencyOfCustomer {
		if rr.currency, err = r.s.currencyOf(r.ctx, r.req.Part); err != nil {
			return nil, err
		}
	}
	blocks := o.blocks()
	for i, name := range blockNames(blocks) {
		rr.add(i, name, blocks[name], d, within)
	}
	if len(rr.blocks) != len(r.req.Stream.Tables) {
		return nil, fault.New(fault.Config, "the stream has %d tables, the report %d blocks", len(r.req.Stream.Tables), len(rr.blocks))
	}
	return rr, nil
}

// add prepares a block, whose id in requests is its number.
func (r *reportReader) add(i int, name string, b Block, d *definition, within dayRange) {
	for at, table := range r.req.Stream.Tables {
		if table.Name != name {
			continue
		}
		def := d.Blocks[name]
		t := newTyper(table, b, def, d.Probed, r.s.report.Decimals)
		t.build = record.NewBuilder(at, table, r.zoneOfTimes())
		t.customer, t.within, t.dicts = r.req.Part, within, r.dicts
		r.blocks = append(r.blocks, &block{
			asked: asked{id: strconv.Itoa(i + 1), Block: b}, index: at, def: def,
			typer: t, slots: newSlots(t.names()), header: newHeader(t.slots, def),
		})
		r.constants(t)
	}
}

// zoneOfTimes is where datetimes without a zone belong.
func (r *reportReader) zoneOfTimes() *time.Location { return r.s.config.Zone() }

// constants fills the columns that no cell of the vendor's does.
func (r *reportReader) constants(t *typer) {
	t.money = r.currency
	for i, c := range t.build.Table().Columns {
		switch c.Wire() {
		case originAccount:
			t.cells[i] = cell{slot: -1, constant: []byte(r.req.Part)}
		case originCurrency:
			t.cells[i] = cell{slot: -1}
			if r.currency != "" {
				t.cells[i].constant = []byte(r.currency)
			}
		}
	}
}

func (r *reportReader) restore(c *cursor) {
	r.limit = c.Limit
	if r.marks.decimal == 0 && c.Decimal != "" {
		r.marks.decimal = c.Decimal[0]
	}
	for i, b := range r.blocks {
		b.typer.sums.restore(c.Blocks[i].Totals)
	}
}

// active returns the blocks that are not done, and the page they are at.
func (r *reportReader) active(c *cursor) (list []*block, page int) {
	for i, b := range r.blocks {
		if !c.Blocks[i].Done {
			list, page = append(list, b), c.Blocks[i].Page+1
		}
	}
	return list, page
}

// pages reads page after page of all blocks that have one.
func (r *reportReader) pages(c *cursor) error {
	if c.done() {
		return r.sendPage(c) // said again for whoever resumes at the very end
	}
	for !c.done() {
		list, page := r.active(c)
		// A page that may be the one before again is not handed on before that is known.
		held := slices.ContainsFunc(c.Blocks, func(b blockPlace) bool { return b.Short && !b.Done })
		asJSON, err := r.page(list, page, held)
		if err != nil {
			return err
		}
		for i, b := range r.blocks {
			if c.Blocks[i].Done {
				continue
			}
			if err := r.advance(&c.Blocks[i], b); err != nil {
				return err
			}
			if i == 0 {
				c.Trimmed += b.typer.trimmed
			}
		}
		c.JSON, c.Limit = asJSON, r.limit
		if c.Decimal = ""; r.marks.decimal != 0 {
			c.Decimal = string(rune(r.marks.decimal))
		}
		r.notice()
		if err := r.sendPage(c); err != nil || r.enough() {
			return err
		}
	}
	return nil
}

// advance moves a block's place behind the page that was read.
func (r *reportReader) advance(at *blockPlace, b *block) error {
	longest := r.s.longest(b.counts.lines)
	if b.meta != nil { // which has counts and sums to compare with
		longest = math.MaxInt64
	}
	next, err := at.place.next(b.counts, b.typer.keys.String(), b.typer.print.String(), r.limit, longest)
	if err != nil {
		return err
	}
	if next.Page == at.Page { // the page before again
		at.place = next
		b.typer.build.Take()
		return nil
	}
	if b.typer.repeats() && b.typer.probed {
		return fault.New(fault.Drift, "page %d has rows of page %d", next.Page, at.Page).
			WithHint("Rows moved while they were read. The slice starts again.")
	}
	at.place = next
	if !r.onlyJSON() { // which pages are in JSON is chance
		at.Items = unknown
	}
	at.Totals = b.typer.sums.totals()
	if b.meta != nil {
		page := b.typer.sums.differs(b.meta, true, b.counts.rows)
		at.Whole = at.Whole || page != nil
		if at.Whole && at.Done {
			if err := b.typer.sums.differs(b.meta, false, at.Rows); err != nil {
				return fault.New(fault.Mismatch, "the rows of %d pages are not all: %w", at.Page, err).
					WithHint("Rows moved while they were read, or some are missing. The slice starts again; old rows stay until it is complete.")
			}
		}
	}
	b.typer.sums.done()
	return nil
}

// notice warns, once each, of what is odd about the rows.
func (r *reportReader) notice() {
	for _, b := range r.blocks {
		if b.typer.trimmed > 0 && !r.strange {
			r.strange = true
			r.warn("the vendor sent rows of other days than %s to %s; they are left out", r.from, r.to)
		}
	}
}

// sendPage hands on what is left of a page, with the place to go on.
func (r *reportReader) sendPage(c *cursor) error {
	next, err := c.checkpoint()
	if err != nil {
		return err
	}
	last := r.blocks[len(r.blocks)-1]
	for _, b := range r.blocks[:len(r.blocks)-1] {
		if b.typer.build.Rows() > 0 {
			if err := r.hand(b); err != nil {
				return err
			}
		}
	}
	return r.lend(last, sources.Page{Next: next, Announced: c.announced()})
}

// hand hands on a batch from the middle of a page.
func (r *reportReader) hand(b *block) error {
	b.handed, b.printed = b.typer.rows, b.typer.print
	return r.lend(b, sources.Page{Announced: sources.Unknown})
}

// lend hands on what is typed of a block.
func (r *reportReader) lend(b *block, page sources.Page) error {
	return b.typer.build.Lend(func(batch, rejects record.Batch) error {
		page.Batch, page.Rejects = batch, rejects
		return r.send(page)
	})
}

// learned keeps what the reading taught about labels.
func (r *reportReader) learned() error {
	for _, b := range r.blocks {
		if b.typer.grown {
			return r.s.learnDicts(r.ctx, r.req.Part, r.dicts)
		}
	}
	return nil
}

// verify reads the last durable page again and compares.
func (r *reportReader) verify(c *cursor) error {
	last := 0
	for _, b := range c.Blocks {
		last = max(last, b.Page)
	}
	var list []*block
	for i, b := range r.blocks {
		if last > 0 && c.Blocks[i].Page == last {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		return nil
	}
	before := r.json
	if c.JSON {
		r.json = cmp.Or(before, "it was JSON before")
	}
	_, err := r.page(list, last, true)
	r.json = before
	if err != nil {
		return err
	}
	for i, b := range r.blocks {
		at := c.Blocks[i]
		if at.Page != last {
			continue
		}
		if b.typer.print.String() != at.Hash || at.Pages > 0 && b.counts.pages >= 0 && b.counts.pages != at.Pages {
			return moved(last)
		}
		b.typer.build.Take()
		b.typer.trimmed = 0
		b.typer.repeats() // it is the page before
	}
	return nil
}
