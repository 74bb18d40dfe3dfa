package owapro

import (
	"bytes"
	"strings"
	"unicode"

	"exporter/record"
)

// marks are the signs in the numbers of a CSV. Zero means not known yet.
type marks struct {
	decimal   byte // '.' or ','
	thousands rune // pinned: '.', ',', ' ' or '\''; noThousands where there are none
}

const noThousands = -1

// verdict is what a text is, as a number.
type verdict int

const (
	number    verdict = iota
	notNumber         // the text as it stands
	ambiguous         // 1.234 where nothing tells whether that is more than a thousand
)

// symbols are the signs of money and shares that may stand around a number.
func symbol(r rune) bool { return unicode.Is(unicode.Sc, r) }

// owners are the currencies a symbol can stand for.
var owners = map[rune]string{
	'€': "EUR", '£': "GBP EGP GIP", '¥': "JPY CNY", '$': "USD AUD CAD NZD HKD SGD TWD MXN ARS CLP COP BRL",
	'₽': "RUB", '₺': "TRY", '₹': "INR", '₩': "KRW", '₪': "ILS", '₴': "UAH",
}

// foreign reports whether a symbol is known to be that of another currency.
func foreign(r rune, money string) bool {
	of, known := owners[r]
	return known && money != "" && !strings.Contains(of, money)
}

func blank(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2009' }

// known tells the decimal mark that follows from a pinned separator of thousands.
func (m *marks) settle() {
	switch {
	case m.decimal != 0:
	case m.thousands == '.':
		m.decimal = ','
	case m.thousands == ',':
		m.decimal = '.'
	}
}

// canonical appends a number as a decimal with a point and without trailing zeros
// of its fraction. It learns the decimal mark from every number that shows it.
// Percent allows a percent sign, and money is a currency that may stand beside it.
func (m *marks) canonical(dst, text []byte, percent bool, money string) ([]byte, verdict) {
	body, negative, ok := strip(text, percent, money)
	if !ok {
		return append(dst, text...), notNumber
	}
	if !negative {
		if out, _, _, ok := quick(dst, body, m.decimal); ok {
			return append(dst, out...), number
		}
	}
	return m.read(dst, text, body, negative)
}

// read appends the number of a body, which is text without its sign and unit.
func (m *marks) read(dst, text, body []byte, negative bool) ([]byte, verdict) {
	if whole(body) {
		return appendDecimal(dst, text, body, nil, negative)
	}
	if integer, fraction, ok := m.plain(body); ok {
		return appendDecimal(dst, text, integer, fraction, negative)
	}
	var parts split
	if !parts.cut(body) {
		return append(dst, text...), notNumber
	}
	integer, fraction, v := m.decide(&parts)
	if v != number {
		return append(dst, text...), v
	}
	return appendDecimal(dst, text, integer, fraction, negative)
}

// plainest is the most digits that [quick] reads.
const plainest = 18

// quick returns the canonical form of a number of nothing but digits, a minus, and the
// decimal mark, which is 0 while none is known: what nearly all are. It is the text
// itself where that is canonical, and else appended to dst. It returns the number too,
// as v / 10^scale. What it does not take is for canonical.
func quick(dst, text []byte, mark byte) (out []byte, v int64, scale int, ok bool) {
	from, point, end := 0, -1, len(text)
	if end > plainest || end == 0 {
		return dst, 0, 0, false
	}
	if text[0] == '-' {
		from = 1
	}
	for i, c := range text[from:] {
		switch {
		case c >= '0' && c <= '9':
			v = v*10 + int64(c-'0')
		case c == mark && mark != 0 && point < 0 && i > 0:
			point = from + i
		default:
			return dst, 0, 0, false
		}
	}
	whole := end
	if point >= 0 {
		whole = point
		if point == end-1 {
			return dst, 0, 0, false
		}
		for text[end-1] == '0' {
			end, v = end-1, v/10
		}
		if end == point+1 {
			end = point
		} else {
			scale = end - point - 1
		}
	}
	if whole == from || text[from] == '0' && whole > from+1 || from == 1 && v == 0 {
		return dst, 0, 0, false
	}
	if from == 1 {
		v = -v
	}
	if scale == 0 || mark == '.' {
		return text[:end], v, scale, true
	}
	at := len(dst)
	dst = append(dst, text[:end]...)
	dst[at+point] = '.'
	return dst, v, scale, true
}

// plain cuts a number with nothing but the decimal mark in it, once that is known.
func (m *marks) plain(body []byte) (integer, fraction []byte, ok bool) {
	i := -1
	if m.decimal != 0 {
		i = bytes.IndexByte(body, m.decimal)
	}
	if i < 1 || !whole(body[:i]) || !whole(body[i+1:]) {
		return nil, nil, false
	}
	return body[:i], body[i+1:], true
}

func whole(s []byte) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) > 0
}

// strip takes sign, blanks, symbols and code of a currency, and percent sign away.
func strip(text []byte, percent bool, money string) (body []byte, negative, ok bool) {
	body = bytes.TrimFunc(text, blank)
	sign := func() {
		for _, minus := range []string{"-", "\u2212"} {
			if rest, found := bytes.CutPrefix(body, []byte(minus)); found && !negative {
				body, negative = bytes.TrimLeftFunc(rest, blank), true
			}
		}
	}
	sign()
	if len(body) > 0 && body[0] == '+' && !negative {
		body = body[1:]
	}
	if percent {
		body = bytes.TrimRightFunc(bytes.TrimSuffix(body, []byte("%")), blank)
	}
	if len(body) > 0 && (body[0] < '0' || body[0] > '9') || len(body) > 0 && (body[len(body)-1] < '0' || body[len(body)-1] > '9') {
		body = bytes.TrimFunc(body, func(r rune) bool { return blank(r) || symbol(r) && !foreign(r, money) })
		if money != "" {
			body = bytes.TrimSuffix(bytes.TrimPrefix(body, []byte(money)), []byte(money))
		}
		body = bytes.TrimFunc(body, blank)
		sign()
	}
	return body, negative, len(body) > 0
}

// decide tells integer and fraction apart.
func (m *marks) decide(p *split) (integer, fraction []byte, v verdict) {
	lastSep := p.seps[max(p.n-2, 0)]
	switch {
	case p.n == 1:
		return p.join(p.n), p.exp, number
	case p.oneSep(p.n - 1): // one kind of mark
		return m.oneMark(p, lastSep)
	case lastSep == '.' || lastSep == ',': // 1.234,5 or 1 234.5: the last is the decimal mark
		if !p.oneSep(p.n-2) || p.seps[0] == lastSep || !p.grouped(p.n-1) || !m.allows(p.seps[0]) || !m.is(byte(lastSep)) {
			return nil, nil, notNumber
		}
		return p.join(p.n - 1), p.fraction(), number
	}
	return nil, nil, notNumber
}

// oneMark decides about a number with one kind of mark in it.
func (m *marks) oneMark(p *split, sep rune) ([]byte, []byte, verdict) {
	groups := p.grouped(p.n) && m.allows(sep) && len(p.exp) == 0
	point := sep == '.' || sep == ','
	switch {
	case p.n > 2 || !point: // 1.234.567 or 1 234
		if !groups || point && !m.is(other(sep)) {
			return nil, nil, notNumber
		}
		return p.join(p.n), nil, number
	case m.decimal == byte(sep), m.decimal == 0 && !groups: // 12.5, 0.125, 1234.567
		if len(p.groups[0])+len(p.groups[1]) == 0 || !m.is(byte(sep)) {
			return nil, nil, notNumber
		}
		return p.groups[0], p.fraction(), number
	case m.decimal != 0 && groups: // 1.234 where the comma is the decimal mark
		return p.join(p.n), nil, number
	case m.decimal != 0:
		return nil, nil, notNumber
	}
	return nil, nil, ambiguous
}

func other(sep rune) byte {
	if sep == '.' {
		return ','
	}
	return '.'
}

// is reports whether c can be the decimal mark, and learns that it is.
func (m *marks) is(c byte) bool {
	if m.decimal == 0 {
		m.decimal = c
	}
	return m.decimal == c
}

// allows reports whether sep can stand between thousands.
func (m *marks) allows(sep rune) bool {
	return (m.thousands == 0 || m.thousands == sep) && (m.decimal == 0 || byte(sep) != m.decimal)
}

// appendDecimal appends integer and fraction, which may end in an exponent.
func appendDecimal(dst, text, integer, fraction []byte, negative bool) ([]byte, verdict) {
	var buf [64]byte
	raw := buf[:0]
	if negative {
		raw = append(raw, '-')
	}
	raw = append(raw, integer...)
	if len(fraction) > 0 {
		if fraction[0] != 'e' && fraction[0] != 'E' {
			raw = append(raw, '.')
		}
		raw = append(raw, fraction...)
	}
	return trimmed(dst, text, raw)
}

// trimmed appends the canonical form of a plain decimal without trailing zeros of
// its fraction, or text if it is none.
func trimmed(dst, text, raw []byte) ([]byte, verdict) {
	from := len(dst)
	dst, err := record.AppendDecimal(dst, raw)
	if err != nil {
		return append(dst[:from], text...), notNumber
	}
	if bytes.IndexByte(dst[from:], '.') >= 0 {
		end := len(bytes.TrimRight(dst[from:], "0"))
		if dst[from+end-1] == '.' {
			end--
		}
		dst = dst[:from+end]
		if string(dst[from:]) == "-0" {
			dst = append(dst[:from], '0')
		}
	}
	return dst, number
}

// jsonNumber appends a number as JSON has it: a point, no thousands.
func jsonNumber(dst, text []byte, percent bool) ([]byte, verdict) {
	raw := bytes.TrimFunc(text, blank)
	if percent {
		raw = bytes.TrimRightFunc(bytes.TrimSuffix(raw, []byte("%")), blank)
	}
	return trimmed(dst, text, raw)
}
