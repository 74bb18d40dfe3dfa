package owapro

import (
	"math"
	"strconv"

	"exporter/fault"
	"exporter/record"
)

// total is what a metric adds up to.
type total struct {
	Sum     string `json:"sum"`
	Nonzero int64  `json:"nonzero"`
	Bad     bool   `json:"bad,omitempty"` // a cell was no number
}

// sums adds up the metrics of a page and of all pages, to compare them with what
// the vendor says.
type sums struct {
	slots []int // metrics that can be added
	names []string
	page  []adder
	all   []adder
	last  []adder // all, before the page
}

type adder struct {
	sum     record.Sum
	nonzero int64
	bad     bool
}

func newSums(slots []slot) sums {
	var s sums
	for i, slot := range slots {
		if !slot.dim && slot.kind != asText && slot.kind != asDate {
			s.slots, s.names = append(s.slots, i), append(s.names, slot.name)
		}
	}
	n := len(s.slots)
	s.page, s.all, s.last = make([]adder, n), make([]adder, n), make([]adder, n)
	return s
}

// begin starts a page, dropping what another try of it has added.
func (s *sums) begin() {
	clear(s.page)
	copy(s.all, s.last)
}

func (s *sums) add(c *cells) {
	for i, slot := range s.slots {
		text := c.text[slot]
		if text == nil {
			continue
		}
		a := &s.page[i]
		if known := c.read[slot]; known.ok {
			if known.value != 0 {
				a.sum.AddScaled(known.value, int(known.scale))
				a.nonzero++
			}
			continue
		}
		a.bad = a.bad || c.wrong[slot]
		a.add(text)
	}
}

// add adds a canonical number. What is none makes the sum bad: a cell that is no
// number keeps the vendor's text.
func (a *adder) add(text []byte) {
	digits := text
	if digits[0] == '-' {
		digits = digits[1:]
	}
	dots, nonzero := 0, false
	for _, c := range digits {
		switch {
		case c >= '1' && c <= '9':
			nonzero = true
		case c == '.':
			dots++
		case c != '0':
			a.bad = true
			return
		}
	}
	if dots > 1 || len(digits) == dots {
		a.bad = true
		return
	}
	if nonzero {
		a.sum.AddDecimal(text)
		a.nonzero++
	}
}

// total returns what was added on all pages, with the page at work.
func (s *sums) totals() map[string]total {
	out := make(map[string]total, len(s.slots))
	for i, name := range s.names {
		s.all[i] = s.last[i].plus(s.page[i])
		a := &s.all[i]
		out[name] = total{a.sum.String(), a.nonzero, a.bad}
	}
	return out
}

func (a adder) plus(b adder) adder {
	a.sum.AddDecimal([]byte(b.sum.String()))
	a.nonzero += b.nonzero
	a.bad = a.bad || b.bad
	return a
}

// done makes the page part of those before.
func (s *sums) done() { copy(s.last, s.all) }

// restore sets what the pages before add up to.
func (s *sums) restore(totals map[string]total) {
	for i, name := range s.names {
		t := totals[name]
		s.last[i] = adder{nonzero: t.Nonzero, bad: t.Bad}
		if canonical, err := record.AppendDecimal(nil, []byte(t.Sum)); err == nil {
			s.last[i].sum.AddDecimal(canonical)
		}
	}
}

// differs returns the first metric whose sum or count contradicts what the vendor
// says, of the page if page is set, else of all pages. Sums come with the noise of
// floating point.
func (s *sums) differs(m *metadata, page bool, rows int64) error {
	for i, name := range s.names {
		a := &s.all[i]
		if page {
			a = &s.page[i]
		}
		about := m.Metric[name]
		if a.bad {
			continue
		}
		if said, err := strconv.ParseFloat(string(about.Sum), 64); err == nil {
			have, err := strconv.ParseFloat(a.sum.String(), 64)
			if err == nil && math.Abs(have-said) > 0.01+2e-7*math.Abs(said) {
				return fault.New(fault.Mismatch, "%s adds up to %s, the vendor says %s", name, a.sum.String(), about.Sum)
			}
		}
		if n, err := record.ParseInteger([]byte(about.Cnt)); err == nil && (n < a.nonzero || n > rows) {
			return fault.New(fault.Mismatch, "%s has %d values in %d rows, the vendor says %d", name, a.nonzero, rows, n)
		}
	}
	return nil
}
