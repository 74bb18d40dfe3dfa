package owapro

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"exporter/settings"
)

// Filter is a condition on a column of the report.
type Filter struct {
	Field    string `toml:"field" json:"field"`
	Operator string `toml:"operator" json:"operator"`
	Value    any    `toml:"value" json:"value,omitempty"` // a value or a list
}

// How many values an operator takes.
const (
	noValue = iota
	oneValue
	twoValues
	manyValues
)

// operators are the vendor's, with how many values each takes.
var operators = map[string]int{
	"exists": noValue, "does_not_exist": noValue, "does_not_existid": noValue,
	"eq": oneValue, "ne": oneValue, "lt": oneValue, "le": oneValue, "gt": oneValue, "ge": oneValue,
	"contains": oneValue, "does_not_contain": oneValue, "starts_with": oneValue, "ends_with": oneValue,
	"between": twoValues, "in": manyValues, "not_in": manyValues,
}

// operatorNames lists the operators as they are told to people.
const operatorNames = "eq, ne, lt, le, gt, ge, in, not_in, between, contains, does_not_contain, starts_with, ends_with, exists, does_not_exist, does_not_existid"

// relative are dates whose meaning depends on when they are asked for.
var relative = regexp.MustCompile(`^(today|yesterday|(week|month|year|quarter)_begin|quarter_end|\d+_day_ago|last_\d+_month_(begin|end))$`)

func (f Filter) validate(at string) []settings.Problem {
	var p []settings.Problem
	switch f.Field {
	case "":
		p = append(p, settings.Problemf(at+".field", "is missing; write the name of a column, such as \"customer_trackgroupid\""))
	case fieldDate:
		p = append(p, settings.Problemf(at+".field", "the data interval filters on date; take the filter out"))
	case fieldCustomer, fieldCustomerID:
		p = append(p, settings.Problemf(at+".field", "every customer is read by itself; write customers = [\"…\"] instead"))
	}
	takes, known := operators[f.Operator]
	if !known {
		return append(p, settings.Problemf(at+".operator", "%q is not an operator; write one of %s", f.Operator, operatorNames))
	}
	if problem := f.values(takes); problem != "" {
		p = append(p, settings.Problemf(at+".value", "%s", problem))
	}
	return p
}

// values tells what is wrong with the value, "" if nothing is.
func (f Filter) values(takes int) string {
	list, isList := f.Value.([]any)
	switch {
	case takes == noValue && f.Value != nil:
		return f.Operator + " takes no value; take it out"
	case takes == noValue:
		return ""
	case takes == oneValue && isList:
		return f.Operator + " takes one value, not a list"
	case takes == twoValues && len(list) != 2:
		return "between takes a list of two values"
	case takes == manyValues && len(list) == 0:
		return f.Operator + " takes a list of values"
	case !isList:
		list = []any{f.Value}
	}
	for _, v := range list {
		switch v := v.(type) {
		case string:
			if relative.MatchString(v) {
				return fmt.Sprintf("%q means another day at every run, so that a repeated request would ask for something else; write a date such as \"2026-01-31\"", v)
			}
		case int64, int, float64, bool:
		default:
			return "is not something to compare with; write a text, a number, or a list of them"
		}
	}
	return ""
}

// describe names fields for an error.
func describe(names []string) string {
	if len(names) > 12 {
		return strings.Join(names[:12], ", ") + fmt.Sprintf(" and %d more", len(names)-12)
	}
	return strings.Join(slices.Clone(names), ", ")
}
