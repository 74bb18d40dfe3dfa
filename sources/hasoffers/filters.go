package hasoffers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"exporter/settings"
)

// operators are those of findAll; one value each.
var operators = []string{
	"NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO",
	"LIKE", "NOT_LIKE", "NULL", "NOT_NULL", "TRUE", "FALSE",
}

// filter is one condition on a field: any of some values, or an operator.
type filter struct {
	field    string
	operator string // "" = any of values
	values   []string
}

func (o *Options) validateFilters() []settings.Problem {
	var p []settings.Problem
	for _, name := range slices.Sorted(maps.Keys(o.Filters)) {
		key := "filters." + name
		switch {
		case name == fieldID || name == fieldDatetime:
			p = append(p, settings.Problemf(key, "the data interval and the paging filter on %s; take it out", name))
			continue
		case !fieldName.MatchString(name) || name == "OR":
			p = append(p, settings.Problemf(key, "is not a field of Conversion; write one such as \"offer_id\""))
			continue
		case known(name).mutable && o.Paging == pagingPage:
			p = append(p, settings.Problemf(key, "%s can change while pages are read, which would lose rows; write paging = \"keyset\", or filter in SQL", name))
		}
		if _, err := conditions(name, o.Filters[name]); err != nil {
			p = append(p, settings.Problemf(key, "%v", err))
		}
	}
	return p
}

// filters returns the job's conditions in a stable order.
func (o *Options) filters() []filter {
	var all []filter
	for _, name := range slices.Sorted(maps.Keys(o.Filters)) {
		f, err := conditions(name, o.Filters[name])
		if err != nil {
			panic("hasoffers: filters were not validated: " + err.Error())
		}
		all = append(all, f...)
	}
	return all
}

// mutable returns a filtered field whose value can change while pages are read.
func (o *Options) mutable() string {
	for _, name := range slices.Sorted(maps.Keys(o.Filters)) {
		if known(name).mutable {
			return name
		}
	}
	return ""
}

const howToFilter = `write a value, a list of values, or an operator such as { GREATER_THAN = "5" }`

func conditions(name string, v any) ([]filter, error) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return nil, fmt.Errorf("an empty list matches nothing; %s", howToFilter)
		}
		values := make([]string, len(v))
		for i, item := range v {
			text, err := scalar(item)
			if err != nil {
				return nil, err
			}
			values[i] = text
		}
		slices.Sort(values)
		return []filter{{field: name, values: slices.Compact(values)}}, nil
	case map[string]any:
		if len(v) == 0 {
			return nil, fmt.Errorf("names no operator; %s", howToFilter)
		}
		var all []filter
		for _, op := range slices.Sorted(maps.Keys(v)) {
			if !slices.Contains(operators, op) {
				return nil, fmt.Errorf("%q is not an operator; write one of %s", op, strings.Join(operators, ", "))
			}
			text, err := scalar(v[op])
			if err != nil {
				return nil, err
			}
			all = append(all, filter{field: name, operator: op, values: []string{text}})
		}
		return all, nil
	}
	text, err := scalar(v)
	if err != nil {
		return nil, err
	}
	return []filter{{field: name, values: []string{text}}}, nil
}

// scalar writes a value as the vendor reads it: flags are 1 and 0.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool:
		if v {
			return "1", nil
		}
		return "0", nil
	}
	return "", fmt.Errorf("%v is not a value the vendor can compare with; %s", v, howToFilter)
}
