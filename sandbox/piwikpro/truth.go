package piwikpro

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Query asks for the truth a client's copy is compared with.
type Query struct {
	Report  string          `json:"report"`  // "query", "sessions" or "events"; "" = query
	Site    string          `json:"site"`    // id of a site or meta site; "" = the first site
	From    string          `json:"from"`    // YYYY-MM-DD or YYYY-MM-DD HH:MM:SS; "" = the first day
	To      string          `json:"to"`      // likewise, always exclusive; "" = no bound
	Columns []Column        `json:"columns"` // as in a request
	Filters json.RawMessage `json:"filters"` // as in a request
}

// Column is a column of a [Query].
type Column struct {
	ID             string `json:"column_id"`
	Transformation string `json:"transformation_id,omitempty"`
	GoalID         int    `json:"goal_id,omitempty"`
	GoalUUID       string `json:"goal_uuid,omitempty"`
}

// Columns returns columns without transformations, and with one where the name has it: "timestamp__to_date" is written "timestamp/to_date".
func Columns(names ...string) []Column {
	out := make([]Column, len(names))
	for i, name := range names {
		out[i].ID = name
		for j := range name {
			if name[j] == '/' {
				out[i] = Column{ID: name[:j], Transformation: name[j+1:]}
			}
		}
	}
	return out
}

// Row is one row of a report as it is right now.
type Row struct {
	columns []string
	values  map[string]string
}

// Columns returns what [Row.Value] knows, in the order of the report: the keys
// of meta.columns; a column with an id and a label is two, x_id and x_label.
func (r Row) Columns() []string { return r.columns }

// Value returns a value as text: whole numbers and money without trailing zeros,
// dates as 2006-01-02, wall clock times as 2006-01-02T15:04:05, arrays as JSON;
// ok is false for null and for what the query did not ask for.
func (r Row) Value(column string) (value string, ok bool) {
	value, ok = r.values[column]
	return value, ok
}

// Rows yields the rows a report has at the moment of the call: sessions and
// events by session id, a query by its columns. A restatement during the loop is not seen.
func (s *Server) Rows(q Query) (iter.Seq[Row], error) {
	p, v, err := s.truth(q)
	if err != nil {
		return nil, err
	}
	columns := p.truthColumns()
	return func(yield func(Row) bool) {
		v.table(p, q.raw(), func(cells []cell) bool { return yield(newRow(p, columns, cells)) })
	}, nil
}

// Count returns how many rows [Server.Rows] would yield.
func (s *Server) Count(q Query) (int, error) {
	p, v, err := s.truth(q)
	if err != nil {
		return 0, err
	}
	if q.raw() != "" {
		return v.countRaw(p), nil
	}
	return len(v.run(p)), nil
}

// table yields all rows of a report in stable order.
func (v *view) table(p *plan, rawOp string, yield func([]cell) bool) {
	if rawOp != "" {
		v.rawRows(p, 0, 0, 1<<62, yield)
		return
	}
	rows := v.run(p)
	slices.SortFunc(rows, compareRows)
	for _, row := range rows {
		if !yield(row.cells) {
			return
		}
	}
}

func (p *plan) truthColumns() []string {
	var out []string
	for i := range p.columns {
		if c := &p.columns[i]; c.isPair() {
			out = append(out, c.key+"_id", c.key+"_label")
		} else {
			out = append(out, c.key)
		}
	}
	return out
}

func newRow(p *plan, columns []string, cells []cell) Row {
	r := Row{columns: columns, values: make(map[string]string, len(columns))}
	for i := range cells {
		c, key := &cells[i], p.columns[i].key
		switch c.kind {
		case null:
		case pair:
			if id, ok := c.idText(); ok {
				r.values[key+"_id"] = id
			}
			if !c.nullLabel {
				r.values[key+"_label"] = c.s
			}
		default:
			r.values[key] = string(c.appendText(nil))
		}
	}
	return r
}

func (q Query) raw() string {
	if q.Report == opSessions || q.Report == opEvents {
		return q.Report
	}
	return ""
}

func (s *Server) truth(q Query) (*plan, *view, error) {
	st := s.state.Load()
	if !slices.Contains([]string{"", opQuery, opSessions, opEvents}, q.Report) {
		return nil, nil, fmt.Errorf("no report %q", q.Report)
	}
	if q.Site == "" {
		q.Site = st.world.sites[0].ID
	}
	from, to := st.world.days()
	bounds := [2]int64{int64(from-2) * secondsOfDay, int64(to+2) * secondsOfDay}
	for i, text := range []string{q.From, q.To} {
		if text == "" {
			continue
		}
		wall, _, ok := wallClock(text)
		if !ok {
			return nil, nil, fmt.Errorf("bound %q is no date and no time", text)
		}
		bounds[i] = wall
	}
	begin, end := clockText(bounds[0]), clockText(bounds[1])
	a := &ask{WebsiteID: q.Site, DateFrom: &begin, DateTo: &end}
	for _, c := range q.Columns {
		asked := columnAsk{ColumnID: c.ID, TransformationID: c.Transformation, GoalUUID: c.GoalUUID}
		if c.GoalID != 0 {
			asked.GoalID = &c.GoalID
		}
		a.Columns = append(a.Columns, asked)
	}
	if q.Filters != nil {
		if err := json.Unmarshal(q.Filters, &a.Filters); err != nil {
			return nil, nil, fmt.Errorf("filters: %w", err)
		}
	}
	// What a client may ask for is another matter.
	open := &state{cfg: st.cfg, world: st.world}
	open.cfg.Answers.MaxDays, open.cfg.Answers.MaxColumns, open.cfg.Answers.Repeated = 0, 0, RepeatedPlain
	p, bad := open.plan(a, q.raw(), st.world.now())
	if bad != nil {
		return nil, nil, fmt.Errorf("%d %s %s", bad.status, bad.parameter, bad.detail)
	}
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	v := s.history.view(st)
	v.duplicate, v.snapshot = 0, &snapshot{versions: v.versions} // twice is never right
	return p, v, nil
}

func clockText(wall int64) string { return time.Unix(wall, 0).UTC().Format(time.DateTime) }
