package owapro

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// kind is how a metric's value comes about.
type kind int

const (
	counted kind = iota // a measure, a whole number
	money               // a measure in cents
	ratio               // of two measures
	told                // a text of the row, not a figure
)

// metric is a column of figures.
type metric struct {
	name, display, format, category string

	kind   kind
	of     measure // the measure, or what is divided
	by     measure
	factor uint64 // of the quotient in millionths
	extra  string // further member of metadata.metric
	extraM measure
	noisy  bool
	text   func(hash uint64, day string) string
}

// Formats of metadata.metric.*.format.
const (
	formatInteger, formatCurrency, formatPercent = "integer", "currency", "percent"
)

var channelMetrics = []*metric{
	{name: "uu_count", display: "Unique Users", format: formatInteger, category: "user", of: users},
	{name: "view_count_pub", display: "Views", format: formatInteger, category: "view", of: views},
	{name: "click_count_pub", display: "Clicks", format: formatInteger, category: "click", of: clicks},
	{name: "ctr", display: "CTR", format: formatPercent, category: "click", kind: ratio, of: clicks, by: views, factor: 100_000_000},
	{name: "cpc", display: "CPC", format: formatCurrency, category: "click", kind: ratio, of: cost, by: clicks, factor: 10_000},
	{name: "lead_count", display: "Leads", format: formatInteger, category: "lead", of: leads},
	{name: "sale_count", display: "Sales", format: formatInteger, category: "sale", of: sales},
	{name: "sale_conv", display: "Sale Conversion", format: formatPercent, category: "sale", kind: ratio, of: sales, by: clicks, factor: 100_000_000, extra: "sum_sc", extraM: sales},
	{name: "cpo", display: "CPO", format: formatCurrency, category: "sale", kind: ratio, of: cost, by: sales, factor: 10_000, extra: "sum_sc", extraM: sales},
	{name: "sale_amount", display: "Sale Amount", format: formatCurrency, category: "sale", kind: money, of: amount, noisy: true},
	{name: "assist_sale_count", display: "Assisted Sales", format: formatInteger, category: "sale", of: assists},
	{name: "assist_sale_amount", display: "Assisted Sale Amount", format: formatCurrency, category: "sale", kind: money, of: assistAmount},
	{name: "cost_income", display: "Cost", format: formatCurrency, category: "other", kind: money, of: cost, noisy: true},
	{name: "roas", display: "ROAS", format: formatCurrency, category: "other", kind: ratio, of: amount, by: cost, factor: 1_000_000, extra: "sum_sa", extraM: amount},
	{name: "kuv", display: "csr\t", format: formatPercent, category: "other", kind: ratio, of: cost, by: amount, factor: 100_000_000, extra: "sum_sa", extraM: amount},
}

// formatMetrics have the formats no metric of the channels report has.
var formatMetrics = []*metric{
	{name: "ad_text", display: "Ad Text", format: "text", category: "other", kind: told, text: func(h uint64, _ string) string { return kinds[h%uint64(len(kinds))] }},
	{name: "landing_url", display: "Landing Page", format: "url", category: "other", kind: told, text: func(h uint64, _ string) string {
		return fmt.Sprintf("https://shop.example/p/%d?a=1&b=%%C3%%A4", h%1000)
	}},
	{name: "avg_position", display: "Position", format: "float", category: "other", kind: told, text: func(h uint64, _ string) string { return fmt.Sprintf("%d.%02d%d", h%20, h>>8%100, 1+h>>16%9) }},
	{name: "first_sale_date", display: "First Sale (Date)", format: "date", category: "sale", kind: told, text: func(_ uint64, day string) string { return day }},
	{name: "first_sale_time", display: "First Sale (Time)", format: "time", category: "sale", kind: told, text: func(h uint64, _ string) string { return clock(h) }},
	{name: "first_sale", display: "First Sale", format: "datetime", category: "sale", kind: told, text: func(h uint64, day string) string { return day + " " + clock(h) }},
	{name: "is_active", display: "Active", format: "boolean", category: "other", kind: told, text: func(h uint64, _ string) string { return fmt.Sprint(h % 2) }},
	{name: "keywords", display: "Keywords", format: "text_array", category: "other", kind: told, text: func(h uint64, _ string) string {
		return strings.Join([]string{"sofa", "tisch", "größe"}[:1+h%3], ",")
	}},
}

func clock(h uint64) string { return fmt.Sprintf("%02d:%02d:%02d", h%24, h>>8%60, h>>16%60) }

func (r Report) metrics() []*metric {
	if r.Formats {
		return append(append([]*metric(nil), channelMetrics...), formatMetrics...)
	}
	return channelMetrics
}

func findMetric(list []*metric, name string) *metric {
	for _, m := range list {
		if m.name == name {
			return m
		}
	}
	return nil
}

func (m *metric) assist() bool { return m.of == assists || m.of == assistAmount }

// value returns a figure in units of 10^-scale; ok is false where there is none.
// A ratio is rounded half up to six decimals.
func (m *metric) value(row *measures, nullRatios bool) (units int64, scale int, ok bool) {
	n := row.n[m.of]
	switch m.kind {
	case ratio:
		by := row.n[m.by]
		if by <= 0 {
			return 0, 6, !nullRatios
		}
		hi, lo := bits.Mul64(uint64(n), m.factor)
		lo, carry := bits.Add64(lo, uint64(by)/2, 0)
		if hi+carry >= uint64(by) {
			return math.MaxInt64, 6, true
		}
		q, _ := bits.Div64(hi+carry, lo, uint64(by))
		return int64(min(q, math.MaxInt64)), 6, true
	case money:
		return n, 2, row.assists || !m.assist()
	default:
		return n, 0, row.assists || !m.assist()
	}
}
