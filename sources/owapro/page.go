package owapro

import (
	"cmp"
	"errors"
	"log/slog"

	"exporter/fault"
	"exporter/sources/pageprint"
)

// page reads one page of some blocks, as CSV while that will do. It reports whether
// it was JSON in the end.
func (r *reportReader) page(list []*block, page int, again bool) (asJSON bool, err error) {
	for _, b := range list {
		b.handed, b.printed = 0, pageprint.Sum{}
	}
	var lines int64 // of a CSV that seemed to break off
	if !r.onlyJSON() && r.json == "" {
		asJSON, err = r.ask(list, page, true, again)
		var doubt *unsure
		switch {
		case err == nil:
			r.unsure = 0
			return asJSON, nil
		case statusOf(err) == 406:
			r.changeFormat("the vendor has no CSV for it (406)")
		case errors.As(err, &doubt):
			if r.s.csvOnly() {
				return false, inexplicable(err, doubt)
			}
			r.doubted(page, doubt)
			lines = doubt.lines
		default:
			return false, err
		}
	}
	asJSON, err = r.ask(list, page, false, again)
	var doubt *unsure
	if errors.As(err, &doubt) {
		err = inexplicable(err, doubt)
	}
	if err == nil && lines > 0 && list[0].counts.lines == lines { // nothing was broken off
		r.unsure = 0
		r.s.learnOpenEnd()
	}
	return asJSON, err
}

// inexplicable is the failure of a CSV in doubt where there is no JSON; one that has
// a class keeps it.
func inexplicable(err error, doubt *unsure) error {
	var classified *fault.Error
	if errors.As(err, &classified) {
		return err
	}
	return fault.New(fault.Data, "%s", doubt.reason).
		WithHint("The vendor answers nothing but CSV here, so that it cannot be looked up. Pin csv = { delimiter, encoding, decimal, thousands } in the job's options.")
}

// onlyJSON tells whether no page is asked for as CSV.
func (r *reportReader) onlyJSON() bool {
	return r.s.report.Format == formatJSON || len(r.s.report.Blocks) > 0 || r.s.jsonOnly() != ""
}

// changeFormat gives CSV up for the rest of the run.
func (r *reportReader) changeFormat(why string) {
	if r.s.learnJSON(why) {
		r.warn("reports are read as JSON for the rest of the run: %s", why)
	}
}

// doubted goes on with JSON for a page that CSV does not determine, and for the rest
// of the reading when that is no exception.
func (r *reportReader) doubted(page int, doubt *unsure) {
	r.unsure++
	if !doubt.usual && r.unsure == 1 {
		r.warn("page %d is read as JSON: %s", page, doubt.reason)
	}
	if r.unsure >= 3 {
		r.json = doubt.reason
	}
	r.s.log.LogAttrs(r.ctx, slog.LevelDebug, "page is read as json", slog.Int("page", page), slog.String("reason", doubt.reason))
}

// ask makes one request and types its rows.
func (r *reportReader) ask(list []*block, page int, csv, again bool) (asJSON bool, err error) {
	q := question{customer: r.req.Part, from: r.from, to: r.to, page: page, limit: r.limit, multi: len(r.s.report.Blocks) > 0}
	for _, b := range list {
		q.blocks = append(q.blocks, b.asked)
		b.typer.begin(b.handed, b.printed)
		b.typer.build.Take() // what another try has left
	}
	req, err := r.s.reportRequest(q, csv)
	if err != nil {
		return false, err
	}
	got, err := r.s.askReport(r.ctx, req, func(body response) error {
		if body.csv {
			return r.readCSV(body, list, again)
		}
		if csv {
			r.changeFormat("the vendor answers JSON")
		}
		return r.readJSON(body, list, q, again)
	})
	if got && !csv && err == nil {
		r.s.learnCSV()
	}
	return !got, err
}

// readCSV reads the page of the only block.
func (r *reportReader) readCSV(body response, list []*block, again bool) error {
	if len(list) != 1 || len(r.s.report.Blocks) > 0 {
		return fault.New(fault.Data, "CSV came for several blocks").WithHint("The vendor ignores the Accept header. Make a job of every block.")
	}
	b := list[0]
	t := &table{options: r.s.report.CSV, marks: r.marks, money: r.currency}
	b.typer.marks, b.meta = &t.marks, nil
	lines, err := t.read(body, b.typer.slots, b.header, func(row *row) error { return r.take(b, row, again) })
	if err != nil {
		return err
	}
	if _, err := b.typer.end(r.s.report.CSV.Summary != pinnedNone); err != nil {
		return err
	}
	r.marks = t.marks
	b.counts = noCounts()
	b.counts.rows, b.counts.lines = b.typer.rows, lines
	if t.broken != "" && !r.broken {
		r.broken = true
		r.warn("%q is no text in the CSV's encoding; pin csv.encoding in the job's options if it is not UTF-8", t.broken)
	}
	return nil
}

func (r *reportReader) take(b *block, row *row, again bool) error {
	if err := b.typer.add(row); err != nil || again || !full(b.typer.build) {
		return err
	}
	return r.hand(b)
}

// readJSON reads the page of all blocks that were asked for.
func (r *reportReader) readJSON(body response, list []*block, q question, again bool) error {
	for _, b := range list {
		b.typer.marks = nil
	}
	a := &answer{blocks: make([]blockAnswer, len(list))}
	if err := a.decode(r.s, body, q, &jsonTaker{r, list, again}); err != nil {
		return err
	}
	for i, b := range list {
		summary, err := b.typer.end(true)
		if err != nil {
			return err
		}
		b.counts, b.meta = a.blocks[i].counts, &a.blocks[i].metadata
		b.counts.rows, b.counts.lines = b.typer.rows, b.typer.rows
		if summary {
			b.counts.lines++
		}
	}
	if said, asked := a.currency(), r.s.report.currency(); said != "" && asked != currencyOfCustomer && said != asked {
		return fault.New(fault.Data, "amounts are in %s, not %s", said, asked).
			WithHint("Write currency = %q into the job's options, or \"-C-\" for each customer's own.", cmp.Or(said, asked))
	}
	return nil
}

// jsonTaker gives the rows of an answer to the blocks that were asked for.
type jsonTaker struct {
	*reportReader
	list  []*block
	again bool
}

// describe implements taker: ids and labels of the page, and its currency.
func (j *jsonTaker) describe(i int, m *metadata) {
	t := j.list[i].typer
	t.said = m.Dimension
	for dimension, about := range m.Dimension {
		for id, label := range about.Dict {
			if label != "" {
				t.grown = j.dicts.of(dimension).add(id, string(label)) || t.grown
			}
		}
	}
	if m.Currency != "" && string(m.Currency) != j.currency && j.s.report.currency() == currencyOfCustomer {
		j.currency = string(m.Currency)
		j.s.learnCurrency(j.req.Part, j.currency)
		j.constants(t)
	}
}

// eager implements taker: labels come with the metadata.
func (j *jsonTaker) eager(i int) bool {
	return len(j.list[i].def.IDs) == 0 && j.s.report.currency() != currencyOfCustomer
}

func (j *jsonTaker) slots(i int) *slots { return j.list[i].slots }

func (j *jsonTaker) take(i int, r *row) error {
	return j.reportReader.take(j.list[i], r, j.again)
}
