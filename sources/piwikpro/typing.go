package piwikpro

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"

	"exporter/record"
	"exporter/sources/jsonbody"
)

// typer turns the rows of a report into batches.
type typer struct {
	layout
	build   *record.Builder
	website []byte
	window  window

	cells   [][]byte // of the row at work
	pair    [][]byte
	session []byte   // of the row before
	seen    []uint64 // hashes of the ids that came with it
	scratch []byte
	shown   []bool // by slot: it may stand in a reject
	raw     func() []byte
}

func newTyper(l layout, t record.Table, website string, zone *time.Location, w window) *typer {
	y := &typer{layout: l, build: record.NewBuilder(0, t, zone), website: []byte(website), window: w, shown: make([]bool, len(l.slots))}
	for i := range l.slots {
		y.shown[i] = slices.ContainsFunc(l.targets, func(t target) bool { return t.slot == i }) &&
			!slices.ContainsFunc(l.targets, func(t target) bool { return t.slot == i && t.Mask != nil })
	}
	y.raw = y.reject
	return y
}

// mostSeen bounds how many events of one session are looked at for being there twice.
const mostSeen = 256

// add types a row of cells. It reports whether the row is of another time than the
// slice, and whether it was there before. Copies stand beside each other: raw rows
// come by session.
func (y *typer) add() (trimmed, twice bool) {
	if y.time >= 0 && !y.window.has(y.cells[y.time]) {
		return true, false
	}
	twice = y.again()
	for i := range y.targets {
		y.fill(&y.targets[i])
	}
	y.build.EndRow(y.raw)
	return false, twice
}

// know notes a row that is durable: its copy may be the next one.
func (y *typer) know() {
	if y.time < 0 || y.window.has(y.cells[y.time]) {
		y.again()
	}
}

func (y *typer) again() bool {
	if len(y.keys) == 0 {
		return false
	}
	session, id := y.cells[y.keys[0]], y.cells[y.keys[len(y.keys)-1]]
	if !bytes.Equal(y.session, session) {
		y.session, y.seen = append(y.session[:0], session...), y.seen[:0]
	}
	h := xxh3.Hash(id)
	if slices.Contains(y.seen, h) {
		return true
	}
	if len(y.seen) < mostSeen {
		y.seen = append(y.seen, h)
	}
	return false
}

func (y *typer) fill(t *target) {
	switch t.part {
	case website:
		y.build.Raw(y.website)
	case pairID, pairLabel:
		y.half(t)
	case whole, localTime:
		value := y.cells[t.slot]
		switch kind := y.slots[t.slot].Kind; {
		case null(value):
			y.build.Null()
		case kind == asArray && t.Type == record.JSON:
			y.build.Raw(value) // its names and depth are looked at
		default:
			text := jsonbody.Plain(&y.scratch, value)
			if kind == asDate {
				text = date(text)
			}
			if len(text) == 0 { // what is not set, most texts being never null
				y.build.Null()
				return
			}
			y.build.Raw(text)
		}
	}
}

// date takes the time off a date that is printed with one.
func date(text []byte) []byte {
	if len(text) == 19 && (string(text[10:]) == "T00:00:00" || string(text[10:]) == " 00:00:00") {
		return text[:10]
	}
	return text
}

// half fills the id or the label of an [id, label]. What is not set comes as
// [null, ""], [null, null], [0, ""] or [null, "0"], depending on the column. A cell
// that is no pair is kept: as an id if it is one value, else as a label.
func (y *typer) half(t *target) {
	value := y.cells[t.slot]
	id, label := value, jsonNull
	pair, array := split(y.pair[:0], value)
	y.pair = pair
	switch {
	case array && len(pair) == 2:
		id, label = pair[0], pair[1]
	case array || value[0] == '{':
		id, label = label, value
	}
	if empty := null(label) || len(label) == 2 && label[0] == '"'; empty && string(id) == "0" {
		id = jsonNull
	}
	if string(label) == `"0"` && null(id) {
		label = id
	}
	if t.part == pairLabel {
		id = label
	}
	text := jsonbody.Plain(&y.scratch, id)
	if null(id) || len(text) == 0 {
		y.build.Null()
		return
	}
	y.build.Raw(text)
}

// reject is the row as the vendor sent it, with its names and without what may not be stored.
func (y *typer) reject() []byte {
	out := []byte{'{'}
	for i, s := range y.slots {
		if !y.shown[i] {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, s.text) // ids are ASCII
		out = append(append(out, ':'), y.cells[i]...)
	}
	return append(out, '}')
}
