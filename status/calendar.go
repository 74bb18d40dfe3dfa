package status

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"exporter/settings"
	"exporter/state"
)

// calendarSlices bounds what a calendar counts: of a job with many parts it shows
// fewer days.
const calendarSlices = 20_000

// calendar is the slices of a job, a cell for each interval.
type calendar struct {
	What    string   // a row is
	Columns []string // heads
	Rows    []calendarRow
	Older   string // the day before which the next calendar begins, "" if there is none
	Newer   bool   // it is not the newest
}

type calendarRow struct {
	Head  string
	Cells []cell
}

// cell is an interval; State is "" where there is none.
type cell struct {
	State  string // the worst of its slices
	Symbol string
	Text   string
}

// Besides the states of slices.
const (
	cellMissing     = "missing"
	cellProvisional = "provisional"
	cellOutdated    = "outdated"
	cellWorking     = "working"
)

// marks are the states of cells, the worst first, with a symbol that needs no colour.
var marks = []struct{ State, Symbol, Text string }{
	{state.SliceFailed, "✕", "failed"},
	{state.SliceCheckFailed, "!", "check failed"},
	{cellMissing, "○", "missing"},
	{state.SliceInterrupted, "–", "interrupted"},
	{state.SliceWaiting, "…", "waiting"},
	{cellWorking, "▸", "being worked on"},
	{cellProvisional, "◐", "provisional"},
	{cellOutdated, "↻", "outdated"},
	{state.SliceCommitted, "●", "complete"},
}

func badness(of string) int {
	return slices.IndexFunc(marks, func(m struct{ State, Symbol, Text string }) bool { return m.State == of })
}

// stateOf is the state of a cell by one kind of its slices.
func stateOf(g state.SliceGroup) string {
	switch g.State {
	case state.SliceCommitted, state.SliceUnchanged:
		switch {
		case g.Provisional:
			return cellProvisional
		case g.Outdated:
			return cellOutdated
		}
		return state.SliceCommitted
	case state.SlicePlanned, state.SliceExtracting, state.SliceExtracted, state.SliceLoading:
		return cellWorking
	}
	return g.State
}

// grid is how intervals of one length are laid out.
type grid struct {
	what    string
	columns []string
	back    func(end time.Time) time.Time // where a calendar begins that ends there
	place   func(t time.Time) (row string, column int)
}

// gridOf lays out days by month, hours by day, weeks by month and months by year.
func gridOf(length settings.Duration) grid {
	switch length.Unit {
	case settings.Hour:
		var hours []string
		for h := 0; h < 24; h += length.N {
			hours = append(hours, fmt.Sprintf("%02d", h))
		}
		return grid{
			"day", hours, func(t time.Time) time.Time { return midnight(t).AddDate(0, 0, -13) },
			func(t time.Time) (string, int) { return t.Format(time.DateOnly), t.Hour() / length.N },
		}
	case settings.Week:
		return grid{
			"month",
			[]string{"1st", "2nd", "3rd", "4th", "5th"},
			func(t time.Time) time.Time { return firstOf(t).AddDate(0, -11, 0) },
			func(t time.Time) (string, int) { return t.Format("2006-01"), (t.Day() - 1) / 7 },
		}
	case settings.Month:
		var months []string
		for m := time.January; m <= time.December; m++ {
			months = append(months, m.String()[:3])
		}
		return grid{
			"year", months, func(t time.Time) time.Time { return time.Date(t.Year()-2, 1, 1, 0, 0, 0, 0, t.Location()) },
			func(t time.Time) (string, int) { return t.Format("2006"), int(t.Month()) - 1 },
		}
	default:
		var days []string
		for d := 1; d <= 31; d++ {
			days = append(days, strconv.Itoa(d))
		}
		return grid{
			"month", days, func(t time.Time) time.Time { return firstOf(t).AddDate(0, -5, 0) },
			func(t time.Time) (string, int) { return t.Format("2006-01"), t.Day() - 1 },
		}
	}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func firstOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

// calendar draws the intervals of a job before an instant, zero = all until now.
func (s *Server) calendar(ctx context.Context, d Definition, before time.Time) (c calendar, from, to time.Time, err error) {
	g := gridOf(d.Interval)
	c = calendar{What: g.what, Columns: g.columns, Newer: !before.IsZero()}
	to = before
	if to.IsZero() {
		to = s.o.Now().In(d.DataZone)
	}
	from = g.back(to.Add(-time.Nanosecond))
	groups, since, err := s.o.State.SliceGroups(ctx, d.Name, d.Fingerprint, from, to, calendarSlices)
	if err != nil {
		return c, from, to, err
	}
	if !since.IsZero() {
		from = since.In(d.DataZone)
	}
	c.Older = from.Format(time.DateOnly)
	of := intervals{}
	oldest, err := s.o.State.OldestSlice(ctx, d.Name)
	if err != nil {
		return c, from, to, err
	}
	if oldest.Before(from) && !oldest.IsZero() {
		oldest = from // nobody looks further back
	}
	for _, start := range d.Owed(oldest, from, to) {
		of.add(start, cellMissing, 0)
	}
	for _, g := range groups {
		of.add(g.Start, stateOf(g), g.N)
	}
	c.fill(g, of, d.DataZone)
	return c, from, to, nil
}

// intervals are counts of slices by the beginnings of their intervals and their states.
type intervals map[int64]map[string]int64

func (i intervals) add(start time.Time, state string, n int64) {
	at := start.UnixMicro()
	if i[at] == nil {
		i[at] = map[string]int64{}
	}
	if state != cellMissing {
		delete(i[at], cellMissing)
	}
	i[at][state] += n
}

// fill draws the intervals, the newest row first.
func (c *calendar) fill(g grid, of intervals, zone *time.Location) {
	rows := map[string][]cell{}
	for at, counts := range of {
		head, column := g.place(time.UnixMicro(at).In(zone))
		if rows[head] == nil {
			rows[head] = make([]cell, len(g.columns))
		}
		if now := cellOf(counts); rows[head][column].State == "" || badness(now.State) < badness(rows[head][column].State) {
			rows[head][column] = now
		}
	}
	for head, cells := range rows {
		c.Rows = append(c.Rows, calendarRow{head, cells})
	}
	slices.SortFunc(c.Rows, func(a, b calendarRow) int {
		if a.Head < b.Head {
			return 1
		}
		return -1
	})
}

func cellOf(counts map[string]int64) cell {
	for _, m := range marks {
		n, is := counts[m.State]
		if !is {
			continue
		}
		text := m.Text
		if len(counts) > 1 {
			total := int64(0)
			for _, k := range counts {
				total += k
			}
			text = fmt.Sprintf("%s: %d of %d", m.Text, n, total)
		}
		return cell{m.State, m.Symbol, text}
	}
	return cell{}
}
