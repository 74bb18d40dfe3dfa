package status

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"exporter/settings"
	"exporter/state"
)

// Slot is one slice of a job for a calendar of text.
type Slot struct {
	Start                 time.Time
	State                 string // a state of slices, or "missing"
	Provisional, Outdated bool
}

// Calendar lays slices out for a terminal like the page does, newest row first: a sign
// for each interval, the worst of its slices. Under it stand the signs that it has.
func Calendar(length settings.Duration, zone *time.Location, slots []Slot) string {
	of := intervals{}
	for _, s := range slots {
		kind := s.State
		if kind != cellMissing {
			kind = stateOf(state.SliceGroup{State: s.State, Provisional: s.Provisional, Outdated: s.Outdated})
		}
		at := s.Start.UnixMicro()
		if of[at] == nil {
			of[at] = map[string]int64{}
		}
		of[at][kind]++
	}
	g := gridOf(length)
	var c calendar
	c.fill(g, of, zone)
	wide := len(g.columns[len(g.columns)-1]) + 1
	var b strings.Builder
	line := func(first string, cells []string) {
		text := fmt.Sprintf("%-*s", len(time.DateOnly)+1, first)
		for _, c := range cells {
			text += c + strings.Repeat(" ", wide-utf8.RuneCountInString(c))
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("", g.columns)
	used := map[string]bool{}
	for _, row := range c.Rows {
		signs := make([]string, len(row.Cells))
		for i, cell := range row.Cells {
			signs[i] = cell.Symbol
			used[cell.State] = true
		}
		line(row.Head, signs)
	}
	var legend []string
	for _, m := range marks {
		if used[m.State] {
			legend = append(legend, m.Symbol+" "+m.Text)
		}
	}
	b.WriteString(strings.Join(legend, "   ") + "\n")
	return b.String()
}
