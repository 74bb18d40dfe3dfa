package piwikpro

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// kind is what a cell holds.
type kind uint8

const (
	null   kind = iota
	number      // n
	bigID       // u, a number of 64 bits without sign
	real        // f
	money       // n, hundredths
	text        // s
	moment      // n, wall clock in seconds
	date        // n, wall clock in seconds at midnight
	pair        // id and label
	list        // s, a JSON array
)

// cell is one value of a row.
type cell struct {
	kind kind
	n    int64 // also the id of a pair
	u    uint64
	f    float64
	s    string // also the label of a pair
	id   string // of a pair whose ids are texts
	// Of a pair: whether the id is a text, and what is null. Both vary (sheet: Cell types).
	textID, nullID, nullLabel bool
}

func textCell(s string) cell     { return cell{kind: text, s: s} }
func numberCell(n int64) cell    { return cell{kind: number, n: n} }
func realCell(f float64) cell    { return cell{kind: real, f: f} }
func moneyCell(cents int64) cell { return cell{kind: money, n: cents} }

// named is a pair whose id is a number.
func named(id int64, label string) cell { return cell{kind: pair, n: id, s: label} }

// coded is a pair whose id is a text.
func coded(id, label string) cell { return cell{kind: pair, id: id, s: label, textID: true} }

// The pairs that stand for nothing.
var (
	unsetCoded  = cell{kind: pair, nullID: true, textID: true} // [null, ""]
	unsetDevice = cell{kind: pair, nullID: true, nullLabel: true}
	unsetCity   = named(0, "")
	unsetGoal   = cell{kind: pair, nullID: true, s: "0"} // [null, "0"] of goal_id
)

const (
	momentForm = "2006-01-02T15:04:05"
	dateForm   = "2006-01-02"
)

// appendJSON writes the cell as the vendor does.
func (c *cell) appendJSON(buf []byte, ids IDs) []byte {
	switch c.kind {
	case null:
		return append(buf, "null"...)
	case bigID:
		if ids == IDsNumbers {
			return strconv.AppendUint(buf, c.u, 10)
		}
		buf = append(buf, '"')
		buf = strconv.AppendUint(buf, c.u, 10)
		return append(buf, '"')
	case number, real, money:
		return c.appendText(buf)
	case moment, date:
		buf = append(buf, '"')
		buf = c.appendText(buf)
		return append(buf, '"')
	case list:
		return append(buf, c.s...)
	case pair:
		buf = append(buf, '[')
		switch {
		case c.nullID:
			buf = append(buf, "null"...)
		case c.textID:
			buf = appendQuoted(buf, c.id)
		default:
			buf = strconv.AppendInt(buf, c.n, 10)
		}
		buf = append(buf, ',')
		if c.nullLabel {
			buf = append(buf, "null"...)
		} else {
			buf = appendQuoted(buf, c.s)
		}
		return append(buf, ']')
	}
	return appendQuoted(buf, c.s)
}

// appendText writes what a typed column holds; of a pair that is the label.
func (c *cell) appendText(buf []byte) []byte {
	switch c.kind {
	case number:
		return strconv.AppendInt(buf, c.n, 10)
	case bigID:
		return strconv.AppendUint(buf, c.u, 10)
	case real:
		return strconv.AppendFloat(buf, c.f, 'f', -1, 64)
	case money:
		return strconv.AppendFloat(buf, float64(c.n)/100, 'f', -1, 64)
	case moment:
		return time.Unix(c.n, 0).UTC().AppendFormat(buf, momentForm)
	case date:
		return time.Unix(c.n, 0).UTC().AppendFormat(buf, dateForm)
	}
	return append(buf, c.s...)
}

// idText returns the id of a pair.
func (c *cell) idText() (string, bool) {
	switch {
	case c.nullID:
		return "", false
	case c.textID:
		return c.id, true
	}
	return strconv.FormatInt(c.n, 10), true
}

func appendQuoted(buf []byte, s string) []byte {
	out, err := jsontext.AppendQuote(buf, s)
	if err != nil {
		panic(err) // only for bytes that are no UTF-8, and there are none
	}
	return out
}

// compare orders cells of one column: nothing first, then by value; pairs by id.
func (c *cell) compare(d *cell) int {
	rank := func(c *cell) int {
		if c.kind == null || c.kind == pair && c.nullID {
			return 0
		}
		return 1
	}
	if a, b := rank(c), rank(d); a != b || a == 0 {
		return a - b
	}
	switch c.kind {
	case bigID:
		return compareOrdered(c.u, d.u)
	case real:
		return compareOrdered(c.f, d.f)
	case text, list:
		return compareOrdered(c.s, d.s)
	case pair:
		if c.textID {
			return compareOrdered(c.id, d.id)
		}
	}
	return compareOrdered(c.n, d.n)
}

func compareOrdered[T int64 | uint64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// float is the value of a figure.
func (c *cell) float() float64 {
	switch c.kind {
	case real:
		return c.f
	case money:
		return float64(c.n) / 100
	}
	return float64(c.n)
}

// appendKey writes what makes the cell another one.
func (c *cell) appendKey(buf []byte) []byte { return append(c.appendJSON(buf, IDsStrings), 0) }
