package piwikpro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// plan is a report that was asked for, checked.
type plan struct {
	span
	meta    bool
	perItem bool // rows, or filters, tell events or products from each other
	scope   scope
	columns []column
	order   []sortKey
	where   filter // nil = all
	having  filter
	offset  int
	limit   int
	format  string
	names   bool     // display names instead of ids
	labels  []string // of the columns, as the answer has them
	key     string
}

// column is one that was asked for.
type column struct {
	key  string // in meta.columns
	name string
	dim  *dimension
	turn *transformation
	*metric
	goal int // index of the goal, -1 = all
}

// cell reads a dimension.
func (c *column) cell(r *row) cell {
	out := c.dim.cell(r)
	if c.turn != nil && c.turn.cell != nil {
		return c.turn.cell(out)
	}
	return out
}

// label is the name in the answer.
func (c *column) label(display bool) string {
	if display {
		return c.name
	}
	return c.key
}

// isMetric reports whether the column is a figure.
func (c *column) isMetric() bool { return c.metric != nil || c.turn != nil && c.turn.fold != noFold }

type sortKey struct {
	column int
	desc   bool
}

// plan checks what was asked for. raw is "" for /query/, else the operation.
func (st *state) plan(a *ask, rawOp string, now time.Time) (*plan, *problem) {
	cfg := st.cfg.Answers
	p := &plan{format: formatJSON, names: a.ColumnFormat == "name"}
	var bad *problem
	if bad = p.website(st, a.WebsiteID); bad != nil {
		return nil, bad
	}
	if p.from, p.to, bad = a.span(cfg, now, p.clock.loc); bad != nil {
		return nil, bad
	}
	if p.offset, p.limit, bad = a.page(cfg); bad != nil {
		return nil, bad
	}
	switch a.Format {
	case "", formatJSON:
	case formatJSONKV, formatCSV:
		p.format = a.Format
	default:
		return nil, invalid("format", "\"%s\" is not a valid choice.", a.Format)
	}
	if !slices.Contains([]string{"", "id", "name"}, a.ColumnFormat) {
		return nil, invalid("column_format", "\"%s\" is not a valid choice.", a.ColumnFormat)
	}
	if s := a.Options.Sampling; s != nil && (*s < 0.01 || *s > 1) {
		return nil, invalid("options.sampling", "Ensure this value is between 0.01 and 1.")
	}
	if len(a.Columns) == 0 && rawOp == "" {
		return nil, invalid("columns", "This field is required.")
	}
	if cfg.MaxColumns > 0 && len(a.Columns) > cfg.MaxColumns {
		return nil, invalid("columns", "Ensure this field has no more than %d elements.", cfg.MaxColumns)
	}
	if rawOp == opEvents {
		p.scope = eventScope
	}
	for i, c := range a.Columns {
		if bad = p.add(st, i, c, rawOp); bad != nil {
			return nil, bad
		}
	}
	p.defaults(rawOp)
	for _, check := range []func() *problem{
		func() *problem { return p.filters(a, rawOp) },
		func() *problem { return p.conflicts(cfg) },
		func() *problem { return p.keys(cfg.Repeated) },
		func() *problem { return p.sort(a.OrderBy, rawOp, cfg) },
	} {
		if bad = check(); bad != nil {
			return nil, bad
		}
	}
	doc, err := json.Marshal([]any{rawOp, p.from, p.to, a.WebsiteID, a.Columns, a.Filters, a.MetricFilters, a.OrderBy})
	if err != nil {
		panic(err) // it was read from JSON
	}
	p.key = string(doc)
	for _, c := range p.columns {
		p.labels = append(p.labels, c.label(p.names))
	}
	return p, nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// website finds the site or meta site; its clock is the report's.
func (p *plan) website(st *state, id string) *problem {
	if id == "" {
		return invalid("website_id", "This field is required.")
	}
	if m := st.world.meta(id); m != nil {
		p.sites, p.clock.loc, p.meta = m.sites, m.loc, true
		return nil
	}
	s := st.world.site(id)
	switch {
	case s == nil && !uuidForm.MatchString(id):
		return invalid("website_id", "Must be a valid UUID.")
	case s == nil || s.Forbidden:
		return st.cfg.Answers.forbidden()
	case s.NoLicense:
		return &problem{status: http.StatusForbidden, detail: "No valid license found.", shape: ShapeErrors}
	}
	p.sites, p.clock.loc = []*site{s}, s.loc
	return nil
}

// add takes a column.
func (p *plan) add(st *state, i int, c columnAsk, rawOp string) *problem {
	unknown := func(field, format string, args ...any) *problem {
		parameter := "columns." + field
		if st.cfg.Answers.Parameter != ParameterPlain {
			parameter = fmt.Sprintf("columns.%d.%s", i, field)
		}
		return invalid(parameter, format, args...)
	}
	out := column{goal: -1}
	out.dim = findDimension(c.ColumnID)
	if out.dim != nil && (rawOp != "" && !out.dim.raw || rawOp == "" && !out.dim.query || rawOp == opSessions && out.dim.scope != sessionScope) {
		out.dim = nil
	}
	if out.dim == nil && rawOp == "" {
		out.metric = findMetric(c.ColumnID)
	}
	if out.dim == nil && out.metric == nil {
		return unknown("column_id", "Dimension \"%s\" does not exist.", c.ColumnID)
	}
	if out.metric != nil {
		if bad := p.addMetric(st, &out, c, unknown); bad != nil {
			return bad
		}
		p.columns = append(p.columns, out)
		return nil
	}
	out.key, out.name = out.dim.id, out.dim.name
	p.scope = max(p.scope, out.dim.scope)
	if c.TransformationID != "" {
		t, known := findTransformation(c.TransformationID, out.dim.typ)
		switch {
		case !known:
			return unknown("transformation_id", "Transformation \"%s\" does not exist.", c.TransformationID)
		case t == nil || t.fold != noFold && rawOp != "":
			return unknown("transformation_id", "Transformation \"%s\" is not supported by column \"%s\".", c.TransformationID, c.ColumnID)
		}
		out.turn = t
		out.key += "__" + t.id
		out.name += " (" + t.name + ")"
	} else if out.dim.id == "timestamp" && rawOp == "" { // untransformed it is the day
		out.turn, _ = findTransformation("to_date", "date")
	}
	p.perItem = p.perItem || out.dim.scope != sessionScope && !out.isMetric()
	p.columns = append(p.columns, out)
	return nil
}

func (p *plan) addMetric(st *state, out *column, c columnAsk, unknown func(string, string, ...any) *problem) *problem {
	out.key, out.name = out.metric.id, out.metric.name
	switch {
	case c.TransformationID != "":
		return unknown("transformation_id", "Transformation \"%s\" is not supported by column \"%s\".", c.TransformationID, c.ColumnID)
	case out.foreign && st.cfg.Answers.Integrations != ConflictEmpty:
		return unknown("column_id", "Column \"%s\" is not available for this website.", c.ColumnID)
	case c.GoalID == nil && c.GoalUUID == "":
		return nil
	case !out.forGoal || p.meta:
		return unknown("goal_id", "Column \"%s\" is not related to goals.", c.ColumnID)
	}
	for i, g := range p.sites[0].goals {
		if g.uuid == c.GoalUUID || c.GoalID != nil && g.id == *c.GoalID {
			out.goal = i
			out.key += "__" + g.uuid
			out.name += " (" + goalName(g) + ")"
			return nil
		}
	}
	return unknown("goal_id", "Goal does not exist.")
}

// defaults puts the columns first that sessions and events always have.
func (p *plan) defaults(rawOp string) {
	ids := map[string][]string{
		opSessions: {"session_id", "visitor_id", "timestamp"},
		opEvents:   {"session_id", "event_id", "visitor_id", "timestamp"},
	}[rawOp]
	var first []column
	for _, id := range ids {
		d := findDimension(id)
		first = append(first, column{key: id, name: d.name, dim: d, goal: -1})
	}
	p.columns = append(first, p.columns...)
}

// conflicts refuses columns whose scopes do not go together (sheet: Errors).
func (p *plan) conflicts(cfg Answers) *problem {
	for _, c := range p.columns {
		if c.dim == nil || c.turn == nil || c.turn.fold == noFold {
			continue
		}
		how := c.turn.fold
		if p.scope == productScope && (how == foldSum || how == foldAverage || how == foldMedian) ||
			p.perItem && c.dim.scope == sessionScope && how != foldCount {
			if cfg.Conflict == ConflictEmpty {
				p.to = p.from
				return nil
			}
			return invalid("columns", "Column \"%s\" with transformation \"%s\" cannot be combined with the other columns.", c.dim.id, c.turn.id)
		}
	}
	return nil
}

// sort takes [[0, "asc"], ...]; without it the first metric decides, descending.
func (p *plan) sort(by [][]any, rawOp string, cfg Answers) *problem {
	if rawOp != "" {
		if len(by) > 0 && cfg.RawOrderBy == RawOrderByRefused {
			return invalid("order_by", "This field is not supported.")
		}
		return nil
	}
	for i, item := range by {
		field := fmt.Sprintf("order_by.%d", i)
		if len(item) != 2 {
			return invalid(field, "Ensure this field has 2 elements.")
		}
		index, ok := item[0].(float64)
		if !ok || index != float64(int(index)) || index < 0 || int(index) >= len(p.columns) {
			return invalid(field, "Column index is out of range.")
		}
		direction, ok := item[1].(string)
		if !ok || direction != "asc" && direction != "desc" {
			return invalid(field, "Order must be \"asc\" or \"desc\".")
		}
		p.order = append(p.order, sortKey{int(index), direction == "desc"})
	}
	if len(p.order) > 0 {
		return nil
	}
	for i := range p.columns {
		if p.columns[i].isMetric() {
			p.order = []sortKey{{i, true}}
			break
		}
	}
	return nil
}

// keys looks at columns that are there twice.
func (p *plan) keys(repeated Repeated) *problem {
	seen := map[string]int{}
	for i := range p.columns {
		c := &p.columns[i]
		base := c.key
		seen[base]++
		if n := seen[base]; n > 1 {
			switch repeated {
			case RepeatedRefused:
				return invalid("columns", "Columns must be unique.")
			case RepeatedNumbered:
				c.key = fmt.Sprintf("%s_%d", base, n)
			case RepeatedOnce:
				c.key = ""
			}
		}
	}
	p.columns = slices.DeleteFunc(p.columns, func(c column) bool { return c.key == "" })
	return nil
}
