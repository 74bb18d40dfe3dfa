package owapro

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filter is one condition on rows (sheet: Report request).
type Filter struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    Values `json:"value"`
}

// condition is a filter on a dimension that exists.
type condition struct {
	dim      *dimension
	byID     bool // the field is the name of the ids
	operator string
	values   []string
}

var operators = []string{
	"exists", "does_not_exist", "does_not_existid", "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between",
	"contains", "does_not_contain", "starts_with", "ends_with",
}

// compile checks a filter and turns relative dates into dates; relative says how many.
func (f Filter) compile(now time.Time) (c condition, relative int, err error) {
	c = condition{operator: f.Operator, values: slices.Clone(f.Value)}
	if c.dim = findDimension(f.Field); c.dim == nil {
		return c, 0, fmt.Errorf("unknown filter field %q", f.Field)
	}
	for _, d := range dimensions {
		if d.nameID == f.Field && d.hasID() {
			c.dim, c.byID = d, true
		}
	}
	want := 1
	switch f.Operator {
	case "exists", "does_not_exist", "does_not_existid":
		return c, 0, nil
	case "between":
		want = 2
	case "in", "not_in":
		want = max(len(c.values), 1)
	}
	switch {
	case !slices.Contains(operators, f.Operator):
		return c, 0, fmt.Errorf("unknown operator %q", f.Operator)
	case len(c.values) != want:
		return c, 0, fmt.Errorf("filter on %s: operator %s wants %d values, not %d", f.Field, f.Operator, want, len(c.values))
	}
	if c.dim.name == "date" && !strings.HasSuffix(f.Operator, "_with") && !strings.Contains(f.Operator, "contain") {
		relative, err = absolute(c.values, now)
	}
	return c, relative, err
}

func absolute(values []string, now time.Time) (relative int, err error) {
	for i, value := range values {
		if date, ok := relativeDate(value, now); ok {
			values[i] = date
			relative++
		} else if _, err := time.Parse(time.DateOnly, value); err != nil {
			return relative, fmt.Errorf("filter on date: %q is no date", value)
		}
	}
	return relative, nil
}

func (c condition) matchDay(t time.Time) bool { return c.match(c.dim.day(t), true, "") }

func (c condition) matchGroup(g *trackgroup) bool {
	label, ok := c.dim.group(g)
	if !c.dim.hasID() {
		return c.match(label, ok, "")
	}
	id := c.dim.idText(g)
	if c.byID {
		return c.match(id, true, id)
	}
	return c.match(label, ok, id)
}

// match tests a value; a field that has ids can be named by either in eq, ne, in and not_in.
func (c condition) match(value string, ok bool, id string) bool {
	is := func(want string) bool { return ok && value == want || id != "" && id == want }
	switch c.operator {
	case "exists":
		return ok
	case "does_not_exist":
		return !ok
	case "does_not_existid":
		return !ok && id == ""
	case "eq", "in":
		return slices.ContainsFunc(c.values, is)
	case "ne", "not_in":
		return !slices.ContainsFunc(c.values, is)
	case "does_not_contain":
		return !strings.Contains(value, c.values[0])
	}
	return ok && c.compare(value)
}

func (c condition) compare(value string) bool {
	first := c.values[0]
	switch c.operator {
	case "lt":
		return natural(value, first) < 0
	case "le":
		return natural(value, first) <= 0
	case "gt":
		return natural(value, first) > 0
	case "ge":
		return natural(value, first) >= 0
	case "between":
		return natural(value, first) >= 0 && natural(value, c.values[1]) <= 0
	case "contains":
		return strings.Contains(value, first)
	case "starts_with":
		return strings.HasPrefix(value, first)
	default: // ends_with
		return strings.HasSuffix(value, first)
	}
}

// natural compares whole numbers as numbers and everything else as text.
func natural(a, b string) int {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
