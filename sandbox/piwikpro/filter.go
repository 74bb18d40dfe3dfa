package piwikpro

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// filter reports whether a row, or for metrics a group, is wanted.
type filter func(get func(*column) cell) bool

// filters takes the conditions.
func (p *plan) filters(a *ask, rawOp string) *problem {
	var bad *problem
	if a.Filters != nil {
		if a.Filters.ColumnID != "" {
			return invalid("filters", "Top level must be a group.")
		}
		if p.where, bad = p.compile(a.Filters, "filters", rawOp); bad != nil {
			return bad
		}
	}
	if a.MetricFilters != nil {
		if rawOp != "" {
			return invalid("metric_filters", "This field is not supported.")
		}
		p.having, bad = p.compileMetrics(a.MetricFilters)
	}
	return bad
}

// compile takes a group or a single filter on dimensions.
func (p *plan) compile(c *condition, at, rawOp string) (filter, *problem) {
	if c.ColumnID == "" {
		return group(c, at, func(c *condition, at string) (filter, *problem) { return p.compile(c, at, rawOp) })
	}
	d := findDimension(c.ColumnID)
	if d == nil || rawOp == opSessions && d.scope != sessionScope {
		return nil, invalid(at+".column_id", "Dimension \"%s\" does not exist.", c.ColumnID)
	}
	col := &column{dim: d, goal: -1}
	if c.TransformationID != "" {
		t, _ := findTransformation(c.TransformationID, d.typ)
		if t == nil || t.fold != noFold {
			return nil, invalid(at+".transformation_id", "Transformation \"%s\" is not supported by column \"%s\".", c.TransformationID, c.ColumnID)
		}
		col.turn = t
	}
	p.scope = max(p.scope, d.scope)
	p.perItem = p.perItem || d.scope != sessionScope
	if c.Condition == nil || c.Condition.Value == nil {
		return nil, invalid(at+".condition.value", "This field is required.")
	}
	test, err := d.test(c.Condition.Operator, c.Condition.Value, rawOp != "")
	if err != nil {
		return nil, invalid(at+".condition.operator", "%s", err.Error())
	}
	return func(get func(*column) cell) bool { return test(get(col)) }, nil
}

func group(c *condition, at string, compile func(*condition, string) (filter, *problem)) (filter, *problem) {
	if c.Operator != "and" && c.Operator != "or" {
		return nil, invalid(at+".operator", "\"%s\" is not a valid choice.", c.Operator)
	}
	var all []filter
	for i := range c.Conditions {
		f, bad := compile(&c.Conditions[i], fmt.Sprintf("%s.conditions.%d", at, i))
		if bad != nil {
			return nil, bad
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, nil
	}
	either := c.Operator == "or"
	return func(get func(*column) cell) bool {
		for _, f := range all {
			if f == nil {
				continue
			}
			if f(get) == either {
				return either
			}
		}
		return !either
	}, nil
}

// compileMetrics takes a group or a single filter on metrics, which have to be columns.
func (p *plan) compileMetrics(c *condition) (filter, *problem) {
	if c.ColumnID == "" {
		return group(c, "metric_filters", func(c *condition, _ string) (filter, *problem) { return p.compileMetrics(c) })
	}
	for i := range p.columns {
		if col := &p.columns[i]; col.metric != nil && col.metric.id == c.ColumnID && c.Condition != nil {
			test, err := numericTest(c.Condition.Operator, c.Condition.Value)
			if err != nil {
				return nil, invalid("metric_filters.condition", "%s", err.Error())
			}
			return func(get func(*column) cell) bool { return test(get(col)) }, nil
		}
	}
	return nil, invalid("metric_filters.column_id", "Metric \"%s\" does not exist.", c.ColumnID)
}

// test makes a check of a cell.
func (d *dimension) test(operator string, value json.RawMessage, raw bool) (func(cell) bool, error) {
	switch {
	case strings.HasPrefix(d.typ, "["):
		return enumTest(operator, value)
	case d.typ == "int" || d.typ == "float" || d.typ == "int(0,1)":
		return numericTest(operator, value)
	}
	var want string
	if err := json.Unmarshal(value, &want); err != nil {
		return nil, fmt.Errorf("a valid string is required")
	}
	if raw && strings.Contains(operator, "contains") {
		return nil, fmt.Errorf("%q is not a valid choice", operator)
	}
	positive, negated := strings.CutPrefix(operator, "not_")
	if operator == "neq" {
		positive, negated = "eq", true
	}
	if d.noCase || strings.HasPrefix(positive, "i") {
		want = strings.ToLower(want)
	}
	match, err := textTest(strings.TrimPrefix(positive, "i"), want)
	if err != nil {
		return nil, err
	}
	fold := d.noCase || strings.HasPrefix(positive, "i")
	return func(c cell) bool {
		got := c.s
		if c.kind != text {
			got = string(c.appendText(nil))
		}
		if fold {
			got = strings.ToLower(got)
		}
		return match(got) != negated
	}, nil
}

func textTest(operator, want string) (func(string) bool, error) {
	switch operator {
	case "eq":
		return func(got string) bool { return got == want }, nil
	case "contains":
		return func(got string) bool { return strings.Contains(got, want) }, nil
	case "starts_with":
		return func(got string) bool { return strings.HasPrefix(got, want) }, nil
	case "ends_with":
		return func(got string) bool { return strings.HasSuffix(got, want) }, nil
	case "matches":
		re, err := regexp.Compile(want)
		if err != nil {
			return nil, fmt.Errorf("a valid RE2 expression is required")
		}
		return re.MatchString, nil
	}
	return nil, fmt.Errorf("%q is not a valid choice", operator)
}

// enumTest compares the id, never the label.
func enumTest(operator string, value json.RawMessage) (func(cell) bool, error) {
	isEmpty := func(c cell) bool {
		id, ok := c.idText()
		return !ok || id == "" || id == "0" && c.s == ""
	}
	switch operator {
	case "empty":
		return isEmpty, nil
	case "not_empty":
		return func(c cell) bool { return !isEmpty(c) }, nil
	case "eq", "neq":
		want := strings.Trim(string(value), `"`)
		return func(c cell) bool {
			id, ok := c.idText()
			return (ok && id == want) == (operator == "eq")
		}, nil
	}
	return nil, fmt.Errorf("%q is not a valid choice", operator)
}

func numericTest(operator string, value json.RawMessage) (func(cell) bool, error) {
	var want json.Number
	if err := json.Unmarshal(value, &want); err != nil {
		return nil, fmt.Errorf("a valid number is required")
	}
	if !slices.Contains([]string{"eq", "neq", "gt", "gte", "lt", "lte"}, operator) {
		return nil, fmt.Errorf("%q is not a valid choice", operator)
	}
	limit, err := want.Float64()
	if err != nil {
		return nil, fmt.Errorf("a valid number is required")
	}
	return func(c cell) bool {
		if c.kind == bigID {
			same := string(c.appendText(nil)) == want.String()
			return operator == "eq" && same || operator == "neq" && !same
		}
		if c.kind == null {
			return operator == "neq"
		}
		switch got := c.float(); operator {
		case "eq":
			return got == limit
		case "neq":
			return got != limit
		case "gt":
			return got > limit
		case "gte":
			return got >= limit
		case "lt":
			return got < limit
		default:
			return got <= limit
		}
	}, nil
}
