package owapro

import (
	"strings"
	"unicode"
)

// simple reduces a name to its letters and digits: "Sale Count" and sale_count are one.
func simple(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// header maps what the columns of a CSV are called to slots: the vendor's names,
// its other names for them, and either in another spelling. A name that could mean
// two slots means none.
type header struct {
	exact, loose map[string]int
}

func newHeader(slots []slot, d blockDefinition) header {
	h := header{exact: map[string]int{}, loose: map[string]int{}}
	note := func(m map[string]int, name string, i int) {
		if was, ok := m[name]; ok && was != i {
			i = -1
		}
		m[name] = i
	}
	for i, s := range slots {
		h.exact[s.name] = i
		h.exact[strings.TrimSpace(s.name)] = i
	}
	titles := map[string]int{}
	for i, s := range slots {
		for _, t := range d.Titles[s.name] {
			note(titles, strings.TrimSpace(t), i)
			if s.id >= 0 {
				note(titles, strings.TrimSpace(t)+" ID", s.id)
			}
		}
	}
	for title, i := range titles {
		if _, taken := h.exact[title]; !taken {
			h.exact[title] = i
		}
	}
	for name, i := range h.exact {
		if i >= 0 {
			note(h.loose, simple(name), i)
		}
	}
	return h
}

// find returns the slot of a column, -1 if the name is not known.
func (h header) find(name string) int {
	name = strings.TrimSpace(name)
	if i, ok := h.exact[name]; ok {
		return i
	}
	if i, ok := h.loose[simple(name)]; ok && simple(name) != "" {
		return i
	}
	return -1
}

// order returns the slot of every column of a CSV. All columns that were asked for
// have to be there, each once; of a dimension its label or its id will do.
func (h header) order(slots []slot, names []string) ([]int, error) {
	order := make([]int, len(names))
	have := make([]bool, len(slots))
	var strange []string
	for i, name := range names {
		at := h.find(name)
		order[i] = at
		switch {
		case at < 0:
			strange = append(strange, strings.TrimSpace(name))
		case have[at]:
			return nil, &unsure{reason: "the header of the CSV names " + slots[at].name + " twice"}
		default:
			have[at] = true
		}
	}
	isID := make([]bool, len(slots))
	for _, s := range slots {
		if s.id >= 0 {
			isID[s.id] = true
		}
	}
	var missing []string
	for i, s := range slots {
		if !have[i] && (!isID[i] || s.dim) && (s.id < 0 || !have[s.id]) {
			missing = append(missing, s.name)
		}
	}
	if len(missing) > 0 {
		return nil, &unsure{reason: "the header of the CSV lacks " + describe(missing) + " and has " + describe(strange) + ", which is not known"}
	}
	return order, nil
}
