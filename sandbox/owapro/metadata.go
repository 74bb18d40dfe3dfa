package owapro

import (
	"strconv"
	"strings"
)

// metadata describes a block (sheet: Report response (JSON)).
func (c *call) metadata(b *block) map[string]any {
	r := b.result
	dims := map[string]any{}
	for _, d := range r.dims {
		one := map[string]any{"dw_name_id": d.nameID, "alt_text": "", "is_translatable": "0"}
		if d.hasID() {
			one["dict"] = c.dict(b, d)
		}
		dims[d.name] = one
	}
	stats := map[string]any{}
	for i, s := range r.stats() {
		stats[r.metrics[i].name] = c.stat(b, r.metrics[i], s)
	}
	var summary any = 0
	if b.PageLimit != nil {
		summary = "3"
	}
	out := map[string]any{
		"dimensions_order": b.Dimensions, "metrics_order": b.Metrics, "dimension": dims, "metric": stats,
		"currency": r.code(), "show_summary": summary,
		"data_sources_overwritten": map[string]any{
			"include_organic": "0", "dimensions": b.Dimensions, "metrics": b.Metrics, "filters": list(b.Filters),
			"sort": list(b.Sort), "page_limit": b.PageLimit, "page_number": r.page,
			"data_blockid": b.id, "data_source_order": strconv.Itoa(b.order),
		},
	}
	if b.first || b.Sort != nil { // null or not there at all
		out["sort"] = list(b.Sort)
	}
	return out
}

// list makes null of a list that was not sent.
func list[T any](items []T) any {
	if items == nil {
		return nil
	}
	return items
}

// code is the currency of the money: with "-C-" that of the first customer there is.
func (r *result) code() string {
	if len(r.groups) > 0 {
		code, _ := r.in(r.groups[0].customer)
		return code
	}
	if r.currency == ownCurrency {
		return "EUR"
	}
	return r.currency
}

// dict maps the ids of the rows to their labels.
func (c *call) dict(b *block, d *dimension) map[string]string {
	rows := b.page
	if c.st.cfg.Answers.Dict == DictResult {
		rows = b.result.rows
	}
	seen := make([]bool, len(b.result.groups))
	for _, row := range rows {
		seen[row.group] = true
	}
	out := map[string]string{}
	every := uint64(c.st.cfg.Answers.DictGapEvery)
	for i, g := range b.result.groups {
		if seen[i] && (every == 0 || g.seed%every != 0) {
			out[d.idText(g)], _ = d.group(g)
		}
	}
	return out
}

// stat describes a metric. Which figures are there is irregular in the published answer, and so it is here.
func (c *call) stat(b *block, m *metric, s stat) map[string]any {
	mode := c.st.cfg.Answers.Stats
	out := map[string]any{"format": m.format, "category": m.category}
	noise := c.st.cfg.Answers.Noise != NoiseOff
	switch {
	case mode == StatsNone || m.kind == told:
	case m.kind == ratio:
		out["avg"], out["sum"] = 0, ""
		if m.extra != "" {
			extra := stat{sum: s.extra}
			extra.printed = float64(s.extra)
			if m.extraM == amount {
				extra.scale, extra.printed = 2, float64(s.extra)/100
			}
			out[m.extra] = extra.total(noise)
		}
	case s.cnt == 0 && mode != StatsFull && b.PageLimit != nil:
	case s.cnt == 0:
		out["min"], out["max"], out["avg"], out["sum"], out["cnt"] = 0, 0, 0, 0, 0
	default:
		out["max"] = string(appendFigure(nil, m, s.max, s.scale, noise))
		out["avg"], out["sum"], out["cnt"] = whole(s.printed/float64(s.cnt)), s.total(noise), s.cnt
		if mode == StatsFull || s.cnt == s.rows || !strings.HasPrefix(m.name, "sale_") {
			out["min"] = string(appendFigure(nil, m, s.min, s.scale, noise))
		}
	}
	return out
}

// total is a whole sum as a number and any other as a string.
func (s *stat) total(noise bool) any {
	switch {
	case s.scale == 0:
		return s.sum
	case noise:
		return whole(s.printed)
	}
	return string(appendDecimal(nil, s.sum, s.scale, 0, '.', nil))
}

// whole is a whole number as a number and any other as a string.
func whole(f float64) any {
	if f == float64(int64(f)) {
		return int64(f)
	}
	return string(appendFloat(nil, f))
}
