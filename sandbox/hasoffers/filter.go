package hasoffers

import (
	"slices"
	"strings"
	"time"
)

// condition is one test of one field.
type condition struct {
	field  Field
	op     string // "" = equal to one of the values
	values []string
}

// filter is the filters parameter: all of the conditions, and of each group at least one.
type filter struct {
	all    []condition
	groups [][]condition
}

var operators = map[string]bool{
	"NOT_EQUAL_TO": true, "LESS_THAN": true, "LESS_THAN_OR_EQUAL_TO": true, "GREATER_THAN": true,
	"GREATER_THAN_OR_EQUAL_TO": true, "LIKE": true, "NOT_LIKE": true, "NULL": true, "NOT_NULL": true, "TRUE": true, "FALSE": true,
}

func parseFilter(p *param, fields fieldSet, ops Operators) (filter, error) {
	var f filter
	if p == nil {
		return f, nil
	}
	for _, m := range p.members {
		if m.key != "OR" {
			conditions, err := parseConditions(m, fields, ops)
			if err != nil {
				return f, err
			}
			f.all = append(f.all, conditions...)
			continue
		}
		var group []condition
		for _, alternative := range m.members {
			conditions, err := parseConditions(alternative, fields, ops)
			if err != nil {
				return f, err
			}
			group = append(group, conditions...)
		}
		f.groups = append(f.groups, group)
	}
	return f, nil
}

// parseConditions reads filters[field], filters[field][] or filters[field][OP].
func parseConditions(p *param, fields fieldSet, ops Operators) ([]condition, error) {
	field, err := fields.named(p.key)
	if err != nil {
		return nil, err
	}
	if !p.nested || p.list() {
		return []condition{{field: field, values: p.values()}}, nil
	}
	var out []condition
	for _, m := range p.members {
		if !operators[m.key] || m.nested {
			return nil, says("Invalid filter operator '%s' on field '%s'.", m.key, p.key)
		}
		out = append(out, condition{field: field, op: m.key, values: []string{m.value}})
	}
	if ops == OperatorsLast && len(out) > 1 {
		out = out[len(out)-1:]
	}
	return out, nil
}

// named finds a field or says what the vendor says (§9). Model.field is taken too (§3).
func (s fieldSet) named(name string) (Field, error) {
	if f, ok := s.lookup(strings.TrimPrefix(name, "Conversion.")); ok {
		return f, nil
	}
	return 0, says("Field '%s' does not exist or is not allowed to be used.", name)
}

// match tests a row. The maker appends values to its scratch.
func (f filter) match(m *maker, r *row, scratch []byte) bool {
	for _, c := range f.all {
		if !c.match(m, r, scratch) {
			return false
		}
	}
	for _, group := range f.groups {
		if !slices.ContainsFunc(group, func(c condition) bool { return c.match(m, r, scratch) }) {
			return false
		}
	}
	return true
}

// match follows SQL: a comparison with null is never true.
func (c condition) match(m *maker, r *row, scratch []byte) bool {
	raw, ok := m.value(scratch[:0], r, c.field, false)
	value := string(raw)
	switch c.op {
	case "NULL":
		return !ok
	case "NOT_NULL":
		return ok
	case "TRUE":
		return ok && value != "" && value != "0"
	case "FALSE":
		return ok && (value == "" || value == "0")
	}
	if !ok {
		return false
	}
	switch c.op {
	case "":
		return slices.ContainsFunc(c.values, func(want string) bool { return compare(c.field, value, want) == 0 })
	case "LIKE":
		return like(strings.ToLower(value), strings.ToLower(c.values[0]))
	case "NOT_LIKE":
		return !like(strings.ToLower(value), strings.ToLower(c.values[0]))
	}
	order := compare(c.field, value, c.values[0])
	switch c.op {
	case "LESS_THAN":
		return order < 0
	case "LESS_THAN_OR_EQUAL_TO":
		return order <= 0
	case "GREATER_THAN":
		return order > 0
	case "GREATER_THAN_OR_EQUAL_TO":
		return order >= 0
	default: // NOT_EQUAL_TO
		return order != 0
	}
}

// compare orders two values of a field as the vendor's database would.
func compare(f Field, a, b string) int {
	switch f.kind() {
	case kindNumber:
		return int(min(max(parseAmount(a)-parseAmount(b), -1), 1))
	case kindTime:
		return int(min(max(parseWall(a)-parseWall(b), -1), 1))
	default:
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	}
}

// parseAmount reads a decimal as hundred-thousandths; further decimals and what is no number count nothing.
func parseAmount(s string) int64 {
	digits, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	n := int64(0)
	for _, c := range []byte(whole + (fraction + "00000")[:5]) {
		if c < '0' || c > '9' || n > maxInstant*100 {
			break
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		return -n
	}
	return n
}

// parseWall reads a datetime or date as wall seconds; anything else is the zero date.
func parseWall(s string) int64 {
	for _, layout := range []string{time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix()
		}
	}
	return minInstant
}

// like matches SQL patterns: % is any run of bytes, _ is one byte.
func like(s, pattern string) bool {
	for pattern != "" {
		if pattern[0] == '%' {
			pattern = strings.TrimLeft(pattern, "%")
			for i := range len(s) + 1 {
				if like(s[i:], pattern) {
					return true
				}
			}
			return false
		}
		if s == "" || pattern[0] != '_' && pattern[0] != s[0] {
			return false
		}
		s, pattern = s[1:], pattern[1:]
	}
	return s == ""
}
