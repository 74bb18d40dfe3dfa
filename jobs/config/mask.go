package config

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// mask replaces what must not be shown. A value of the environment is shown as
// the reference to it, and only where it stands as a word of its own: most of
// them are no secrets, and the reference is what stands in the file.
type mask struct{ pairs []pair }

type pair struct {
	value, shown string
	word         bool // only between other characters than letters, digits and _
}

// secret hides a value wherever it stands, and so what it was composed of.
func (m *mask) secret(value, shown string) {
	for i, p := range m.pairs {
		if strings.Contains(value, p.value) {
			m.pairs[i].word = len(p.value) < 4
		}
	}
	m.hide(value, shown, len(value) < 4)
}

// word hides a value where it is a word of its own.
func (m *mask) word(value, shown string) {
	if len(value) >= 4 {
		m.hide(value, shown, true)
	}
}

func (m *mask) hide(value, shown string, word bool) {
	if strings.TrimSpace(value) == "" {
		return
	}
	quoted := strconv.Quote(value)
	for _, form := range []string{value, quoted[1 : len(quoted)-1], url.QueryEscape(value), url.PathEscape(value)} {
		m.pairs = append(m.pairs, pair{form, shown, word})
	}
}

// clean replaces all values, the longest first, and never inside a replacement.
func (m *mask) clean(text string) string {
	if len(m.pairs) == 0 {
		return text
	}
	slices.SortStableFunc(m.pairs, func(a, b pair) int { return cmp.Compare(len(b.value), len(a.value)) })
	var out strings.Builder
	for i := 0; i < len(text); {
		p, found := m.match(text, i)
		if !found {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteString(p.shown)
		i += len(p.value)
	}
	return out.String()
}

func (m *mask) match(text string, at int) (pair, bool) {
	for _, p := range m.pairs {
		end := at + len(p.value)
		if !strings.HasPrefix(text[at:], p.value) {
			continue
		}
		if !p.word || (at == 0 || !isWord(text[at-1])) && (end == len(text) || !isWord(text[end])) {
			return p, true
		}
	}
	return pair{}, false
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
