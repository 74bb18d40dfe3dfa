package piwikpro

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"exporter/settings"
)

// Filter is a condition on rows: one on a column, or any of some.
type Filter struct {
	Column   string   `toml:"column" json:"column,omitempty"`
	Operator string   `toml:"operator" json:"operator,omitempty"` // "" = eq
	Value    any      `toml:"value" json:"value,omitempty"`       // or a list of values
	Any      []Filter `toml:"any" json:"any,omitempty"`           // instead of the others: one of these holds
}

// The operators of the vendor. Which of them a column takes depends on its type.
var (
	numberOperators = []string{"eq", "neq", "gt", "gte", "lt", "lte"}
	queryOperators  = append([]string{
		"contains", "not_contains", "icontains", "not_icontains", "starts_with", "ends_with", "matches", "not_matches", "empty", "not_empty",
	}, numberOperators...)
	rawOperators    = append([]string{"starts_with", "ends_with", "matches", "not_matches", "empty", "not_empty"}, numberOperators...)
	metricOperators = numberOperators
)

func validateFilters(at string, filters []Filter, operators []string) []settings.Problem {
	var p []settings.Problem
	if filters != nil && len(filters) == 0 {
		p = append(p, settings.Problemf(at, "holds no condition; write one such as { column = \"source\", operator = \"eq\", value = \"google\" }, or take the line out"))
	}
	for i, f := range filters {
		p = append(p, f.validate(fmt.Sprintf("%s[%d]", at, i), operators)...)
	}
	return p
}

func (f Filter) validate(at string, operators []string) []settings.Problem {
	if f.Any != nil {
		if f.Column != "" || f.Operator != "" || f.Value != nil {
			return []settings.Problem{settings.Problemf(at, "any stands alone; take column, operator and value out")}
		}
		return validateFilters(at+".any", f.Any, operators)
	}
	var p []settings.Problem
	if _, err := parseColumn(f.Column); err != nil {
		p = append(p, settings.Problemf(at+".column", "%v", err))
	}
	if f.Operator != "" && !slices.Contains(operators, f.Operator) {
		p = append(p, settings.Problemf(at+".operator", "%q is not an operator here; write one of %s", f.Operator, strings.Join(operators, ", ")))
	}
	values := f.values()
	switch none := f.Operator == "empty" || f.Operator == "not_empty"; {
	case none && f.Value != nil:
		p = append(p, settings.Problemf(at+".value", "%s compares with nothing; take the value out", f.Operator))
	case !none && len(values) == 0:
		p = append(p, settings.Problemf(at+".value", "is needed; write a value, or a list of which any will do"))
	}
	for _, v := range values {
		ok := false
		switch v := v.(type) {
		case string, int64, bool, nil:
			ok = true
		case float64: // TOML knows nan and inf, JSON does not
			ok = !math.IsNaN(v) && !math.IsInf(v, 0)
		}
		if !ok {
			p = append(p, settings.Problemf(at+".value", "%v is not a value the vendor can compare with; write a text, a number, true or false", v))
		}
	}
	return p
}

func (f Filter) values() []any {
	switch v := f.Value.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// group is a list of conditions as requests hold it, nil for none: the vendor wants
// a group at the top.
type group struct {
	Operator   string `json:"operator"`
	Conditions []any  `json:"conditions"`
}

type condition struct {
	wireColumn
	Condition struct {
		Operator string `json:"operator"`
		Value    any    `json:"value"` // a key that has to be there, if only with null
	} `json:"condition"`
}

func groupOf(operator string, filters []Filter) *group {
	if len(filters) == 0 {
		return nil
	}
	g := &group{Operator: operator}
	for _, f := range filters {
		g.Conditions = append(g.Conditions, f.wire())
	}
	return g
}

// wire writes a filter as a condition. The vendor has no list of values: that is a
// group of its own, in which any holds, or all where the operator denies.
func (f Filter) wire() any {
	if f.Any != nil {
		return groupOf("or", f.Any)
	}
	values := f.values()
	if len(values) > 1 {
		g := &group{Operator: "or"}
		if f.Operator == "neq" || strings.HasPrefix(f.Operator, "not_") {
			g.Operator = "and"
		}
		for _, v := range values {
			g.Conditions = append(g.Conditions, Filter{Column: f.Column, Operator: f.Operator, Value: v}.wire())
		}
		return g
	}
	column, err := parseColumn(f.Column)
	if err != nil {
		panic("piwikpro: filters were not validated: " + err.Error())
	}
	c := condition{wireColumn: column.wire()}
	c.Condition.Operator = f.Operator
	if f.Operator == "" {
		c.Condition.Operator = "eq"
	}
	if len(values) == 1 {
		c.Condition.Value = values[0]
	}
	return c
}
