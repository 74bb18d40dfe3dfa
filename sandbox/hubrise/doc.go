package hubrise

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// doc writes a JSON document in the order its members are given. A name of ""
// is an element of a list.
type doc struct {
	b        []byte
	decimals Decimals
	extra    bool
	currency string
	zone     *time.Location

	numbers int // decimals so far
}

func (d *doc) name(name string) {
	if n := len(d.b); n > 0 && d.b[n-1] != '{' && d.b[n-1] != '[' {
		d.b = append(d.b, ',')
	}
	if name != "" { // names have nothing to escape
		d.b = append(d.b, '"')
		d.b = append(d.b, name...)
		d.b = append(d.b, '"', ':')
	}
}

func (d *doc) open(name string) {
	d.name(name)
	d.b = append(d.b, '{')
}

// close ends an object; with extra keys every object has one.
func (d *doc) close() {
	if d.extra && d.b[len(d.b)-1] != '{' {
		d.open("x_unheard_of")
		d.b = append(d.b, `"is_new":true,"list":[1,"two",null]}`...)
	}
	d.b = append(d.b, '}')
}

func (d *doc) openList(name string) {
	d.name(name)
	d.b = append(d.b, '[')
}

func (d *doc) closeList() { d.b = append(d.b, ']') }

func (d *doc) null(name string) {
	d.name(name)
	d.b = append(d.b, "null"...)
}

func (d *doc) text(name, value string) {
	d.name(name)
	var err error
	if d.b, err = jsontext.AppendQuote(d.b, value); err != nil {
		panic(err) // all texts here are UTF-8
	}
}

// opt writes null for "".
func (d *doc) opt(name, value string) {
	if value == "" {
		d.null(name)
		return
	}
	d.text(name, value)
}

func (d *doc) bool(name string, value bool) {
	d.name(name)
	d.b = strconv.AppendBool(d.b, value)
}

func (d *doc) int(name string, value int) {
	d.name(name)
	d.b = strconv.AppendInt(d.b, int64(value), 10)
}

// dec writes a decimal, a string unless the vendor is in a mood; "" is null.
func (d *doc) dec(name, value string) {
	if value == "" {
		d.null(name)
		return
	}
	d.numbers++
	if d.decimals == DecimalsNumbers || d.decimals == DecimalsMixed && d.numbers%2 == 0 {
		d.raw(name, value)
		return
	}
	d.text(name, value)
}

func (d *doc) money(name string, cents int64) {
	d.name(name)
	d.b = append(d.b, '"')
	d.b = appendCents(d.b, cents)
	d.b = append(d.b, ' ')
	d.b = append(d.b, d.currency...)
	d.b = append(d.b, '"')
}

func appendCents(b []byte, cents int64) []byte {
	if cents < 0 {
		b = append(b, '-')
		cents = -cents
	}
	b = strconv.AppendInt(b, cents/100, 10)
	return append(b, '.', '0'+byte(cents%100/10), '0'+byte(cents%10))
}

func (d *doc) time(name string, at int64) {
	d.name(name)
	d.b = append(d.b, '"')
	d.b = time.Unix(at, 0).In(d.zone).AppendFormat(d.b, "2006-01-02T15:04:05-07:00")
	d.b = append(d.b, '"')
}

// raw writes a value that is JSON already.
func (d *doc) raw(name, value string) {
	d.name(name)
	d.b = append(d.b, value...)
}
