package hasoffers

import (
	"net/url"
	"strconv"
	"strings"
)

// param is one level of a query in PHP's bracket form: a value or members in the order they came.
type param struct {
	key     string
	value   string
	members []*param // nil for a value
	nested  bool
	next    int // number the next [] gets
}

// parseParams reads a raw query or a form-encoded body into p. As in PHP a
// later value of the same name replaces the earlier one and keeps its place.
func (p *param) parseParams(raw string) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		p.set(unescape(name), unescape(value))
	}
}

func unescape(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// set stores a value under a name like filters[datetime][LESS_THAN].
func (p *param) set(name, value string) {
	key, rest, bracketed := strings.Cut(name, "[")
	at := p.member(key)
	for bracketed {
		var inner string
		var closed bool
		if inner, rest, closed = strings.Cut(rest, "]"); !closed {
			break
		}
		if inner == "" {
			inner = strconv.Itoa(at.next)
		}
		at = at.member(inner)
		rest, bracketed = strings.CutPrefix(rest, "[")
	}
	at.value, at.members, at.nested = value, nil, false
}

// member returns the member with a key, made if it is missing.
func (p *param) member(key string) *param {
	p.nested = true
	for _, m := range p.members {
		if m.key == key {
			return m
		}
	}
	if n, err := strconv.Atoi(key); err == nil && n >= p.next {
		p.next = n + 1
	}
	m := &param{key: key}
	p.members = append(p.members, m)
	return m
}

// get returns the member with a key, nil if there is none.
func (p *param) get(key string) *param {
	if p == nil {
		return nil
	}
	for _, m := range p.members {
		if m.key == key {
			return m
		}
	}
	return nil
}

// text returns the value of the member with a key, "" if there is none.
func (p *param) text(key string) string {
	if m := p.get(key); m != nil {
		return m.value
	}
	return ""
}

// values returns the value, or the values of all members, for parameters that may be a list.
func (p *param) values() []string {
	if p == nil {
		return nil
	}
	if !p.nested {
		return []string{p.value}
	}
	var out []string
	for _, m := range p.members {
		out = append(out, m.value)
	}
	return out
}

// list reports whether the members are numbered 0, 1, 2 and so on: such an array is a JSON array.
func (p *param) list() bool {
	for i, m := range p.members {
		if m.key != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// appendJSON writes the parameter as the vendor echoes it: every value a string (§4).
func (p *param) appendJSON(dst []byte, redact bool) []byte {
	if !p.nested {
		return appendString(dst, p.value)
	}
	isList := p.list()
	dst = append(dst, openings[isList][0])
	for i, m := range p.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !isList {
			dst = append(appendString(dst, m.key), ':')
		}
		if redact && secretParam(m.key) {
			dst = append(dst, `"********"`...)
			continue
		}
		dst = m.appendJSON(dst, redact)
	}
	return append(dst, openings[isList][1])
}

var openings = map[bool]string{true: "[]", false: "{}"}

func secretParam(key string) bool {
	return key == "NetworkToken" || key == "IntegratorId" || key == "NetworkId"
}

func appendString(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEcho writes the request member of an answer: four fixed names, then what came, in its order.
func (p *param) appendEcho(dst []byte, redact bool) []byte {
	echo := &param{nested: true}
	for _, fixed := range [][2]string{{"Target", p.text("Target")}, {"Format", "json"}, {"Service", "HasOffers"}, {"Version", "2"}} {
		echo.set(fixed[0], fixed[1])
	}
	for _, m := range p.members {
		if echo.get(m.key) == nil {
			echo.members = append(echo.members, m)
		}
	}
	return echo.appendJSON(dst, redact)
}
