package owapro

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"
)

// Query asks for the truth a client's copy is compared with.
type Query struct {
	Report     int      `json:"report"`    // 0 = the first one
	From       string   `json:"from"`      // YYYY-MM-DD; "" = no bound
	To         string   `json:"to"`        // likewise, exclusive
	Customers  []int    `json:"customers"` // empty = all that are allowed
	Filters    []Filter `json:"filters"`
	Currency   string   `json:"currency"` // "" = EUR, "-C-" = the customer's own
	Dimensions []string `json:"dimensions"`
	Metrics    []string `json:"metrics"`
}

// Row is one row of a report as it is right now.
type Row struct {
	r        *result
	row      ref
	measures measures
	nulls    bool
}

// Value returns the label of a dimension, the id of a dimension by its dw_name_id,
// or a metric as an exact decimal without trailing zeros; ok is false for null and
// for what the query did not ask for.
func (t Row) Value(column string) (value string, ok bool) {
	for _, d := range t.r.dims {
		g := t.r.groups[t.row.group]
		switch {
		case d.name == column && d.day != nil:
			return d.day(t.r.view.date(t.r.days[t.row.day])), true
		case d.name == column:
			return d.group(g)
		case d.nameID == column:
			return d.idText(g), true
		}
	}
	m := findMetric(t.r.metrics, column)
	switch {
	case m == nil:
		return "", false
	case m.kind == told:
		return t.r.text(m, t.row), true
	}
	units, scale, ok := m.value(&t.measures, t.nulls)
	if !ok {
		return "", false
	}
	return string(appendDecimal(nil, units, scale, 0, '.', nil)), true
}

// Columns returns what [Row.Value] knows: the dimensions, each followed by its ids if it has them, then the metrics.
func (t Row) Columns() []string {
	var out []string
	for _, d := range t.r.dims {
		out = append(out, d.name)
		if d.hasID() {
			out = append(out, d.nameID)
		}
	}
	for _, m := range t.r.metrics {
		out = append(out, m.name)
	}
	return out
}

// Rows yields the rows a report has at the moment of the call, in the order
// of day and trackgroup. A restatement during the loop is not seen.
func (s *Server) Rows(q Query) (iter.Seq[Row], error) {
	r, nulls, err := s.truth(q)
	if err != nil {
		return nil, err
	}
	return func(yield func(Row) bool) {
		for _, row := range r.rows {
			if !yield(Row{r: r, row: row, measures: r.read(row), nulls: nulls}) {
				return
			}
		}
	}, nil
}

// Count returns how many rows [Server.Rows] would yield.
func (s *Server) Count(q Query) (int, error) {
	r, _, err := s.truth(q)
	if err != nil {
		return 0, err
	}
	return len(r.rows), nil
}

// Sums returns the sums of the query's metrics over its rows as exact decimals;
// ratios and texts have none.
func (s *Server) Sums(q Query) (map[string]string, error) {
	r, _, err := s.truth(q)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, stat := range r.figures() {
		if kind := r.metrics[i].kind; kind == counted || kind == money {
			out[r.metrics[i].name] = string(appendDecimal(nil, stat.sum, stat.scale, 0, '.', nil))
		}
	}
	return out, nil
}

func (s *Server) truth(q Query) (r *result, nulls bool, err error) {
	st := s.state.Load()
	if q.Report == 0 {
		q.Report = st.cfg.Data.Reports[0].ID
	}
	report, ok := st.world.report(q.Report)
	if !ok {
		return nil, false, fmt.Errorf("no report %d", q.Report)
	}
	report.Required = nil
	b := blockAsk{Dimensions: q.Dimensions, Metrics: q.Metrics, Filters: slices.Clone(q.Filters)}
	if q.From != "" {
		b.Filters = append(b.Filters, Filter{"date", "ge", Values{q.From}})
	}
	if q.To != "" {
		b.Filters = append(b.Filters, Filter{"date", "lt", Values{q.To}})
	}
	if len(q.Customers) > 0 {
		in := Filter{Field: "customerid", Operator: "in"}
		for _, id := range q.Customers {
			in.Value = append(in.Value, strconv.Itoa(id))
		}
		b.Filters = append(b.Filters, in)
	}
	asked, err := newQuery(report, q.Currency, b, st.cfg.Data.now())
	if err != nil {
		return nil, false, err
	}
	return s.view(st.world).run(asked), st.cfg.Answers.EmptyRatios == RatiosNull, nil
}

func (s *Server) view(w *world) *view {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	return &view{world: w, days: w.days(), versions: s.history.versions}
}

// Day returns the n-th day of the data, from 0.
func (s *Server) Day(n int) string { return s.state.Load().world.date(n).Format(time.DateOnly) }
