package owapro

import (
	"bytes"
	"unicode/utf8"

	"exporter/record"
)

// split is a number cut at its marks.
type split struct {
	groups [40][]byte // runs of digits
	seps   [40]rune   // between them, blanks as ' '
	n      int        // of groups
	exp    []byte     // with its e
	joined [64]byte
}

func (p *split) cut(s []byte) bool {
	if i := bytes.IndexAny(s, "eE"); i >= 0 {
		s, p.exp = s[:i], s[i:]
		if _, err := record.ParseInteger(p.exp[1:]); err != nil {
			return false
		}
	}
	from := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRune(s[i:])
		switch {
		case r >= '0' && r <= '9':
		case r == '.', r == ',', r == '\'', r == '\u2019', blank(r):
			if p.n == len(p.groups)-1 {
				return false
			}
			if blank(r) {
				r = ' '
			} else if r == '\u2019' {
				r = '\''
			}
			p.groups[p.n], p.seps[p.n] = s[from:i], r
			p.n++
			from = i + size
		default:
			return false
		}
		i += size
	}
	p.groups[p.n] = s[from:]
	p.n++
	return true
}

// oneSep reports whether the first n marks are the same.
func (p *split) oneSep(n int) bool {
	for i := 1; i < n; i++ {
		if p.seps[i] != p.seps[0] {
			return false
		}
	}
	return true
}

// grouped reports whether the first n runs are groups of thousands.
func (p *split) grouped(n int) bool {
	if len(p.groups[0]) < 1 || len(p.groups[0]) > 3 || p.groups[0][0] == '0' {
		return false
	}
	for i := 1; i < n; i++ {
		if len(p.groups[i]) != 3 {
			return false
		}
	}
	return true
}

func (p *split) join(n int) []byte {
	if n == 1 {
		return p.groups[0]
	}
	all := p.joined[:0]
	for _, g := range p.groups[:n] {
		all = append(all, g...)
	}
	return all
}

// fraction returns the last run of digits and the exponent.
func (p *split) fraction() []byte {
	last := p.groups[p.n-1]
	if len(p.exp) == 0 {
		return last
	}
	return append(append([]byte(nil), last...), p.exp...)
}
