package owapro_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

const allMetrics = "uu_count view_count_pub click_count_pub ctr cpc lead_count sale_count sale_conv cpo sale_amount assist_sale_count assist_sale_amount cost_income roas kuv"

// plain writes any cell as the truth writes it. Money with noise is rounded to cents.
func plain(v any, noisy bool) string {
	switch v := v.(type) {
	case nil:
		return "(null)"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, item.(string))
		}
		return strings.Join(parts, ",")
	}
	text := fmt.Sprint(v)
	r, ok := new(big.Rat).SetString(text)
	if !ok || !strings.ContainsAny(text, "0123456789") {
		return text
	}
	digits := 6
	if noisy {
		digits = 2
	}
	return trim(r.FloatString(digits))
}

func number(text string) *big.Rat {
	r, _ := new(big.Rat).SetString(text)
	return r
}

func trim(number string) string {
	if !strings.Contains(number, ".") {
		return number
	}
	return strings.TrimRight(strings.TrimRight(number, "0"), ".")
}

// rows returns a block's rows as the truth has them: ids become labels by the dict.
func rows(b block) []map[string]string {
	var out []map[string]string
	for _, row := range b.Data {
		one := map[string]string{}
		for name, value := range row {
			one[name] = plain(value, name == "sale_amount" || name == "cost_income")
		}
		for name, d := range b.Metadata.Dimension {
			if d.ID != name {
				one[name] = d.Dict[one[d.ID]]
			} else if value, isText := row[name].(string); isText {
				one[name] = value
			}
		}
		out = append(out, one)
	}
	return out
}

func TestJSONIsTheTruth(t *testing.T) {
	cases := map[string]struct {
		answers owapro.Answers
		data    owapro.Data
		dims    string
		body    string // currency
	}{
		"cells":            {dims: "date customer customer_trackgroup"},
		"by id":            {dims: "date customerid customer_trackgroupid"},
		"days":             {dims: "date"},
		"one customer":     {dims: "customer"},
		"half a day":       {dims: "acc_channel week_of_year"},
		"nulls":            {dims: "tag level3_customer_trackgroup level4_customer_trackgroup month"},
		"odd names":        {dims: "CHAIN:acc_channel:-1:single OP:fv_dealer date"},
		"calendar":         {dims: "day_of_quarter day_of_week day_of_year month_of_year week week_of_year_friday year year_by_week year_quarter"},
		"accounts":         {dims: "acc_group acc_subgroup acc_subchannel acc_invoice_channel acc_invoice_group acc_invoice_subchannel group_type level1_customer_trackgroup level2_customer_trackgroup"},
		"numbers":          {dims: "date customer", answers: owapro.Answers{Numbers: owapro.NumbersNumbers}},
		"strings":          {dims: "date customer", answers: owapro.Answers{Numbers: owapro.NumbersStrings, Dict: owapro.DictResult}},
		"exact":            {dims: "customer_trackgroup", answers: owapro.Answers{Noise: owapro.NoiseOff}},
		"null ratios":      {dims: "customer_trackgroup date", answers: owapro.Answers{EmptyRatios: owapro.RatiosNull}},
		"dollars":          {dims: "customer_trackgroup", body: "USD"},
		"own":              {dims: "customer_trackgroup customer", body: "-C-"},
		"null assists":     {dims: "date customer_trackgroup", data: owapro.Data{NullEach: 2}},
		"tricky":           {dims: "date customer_trackgroup", data: owapro.Data{Customers: []owapro.Customer{{ID: 1, Tricky: true}}}},
		"no gaps":          {dims: "date customer_trackgroup", data: owapro.Data{Absent: -1, Zero: -1, Customers: []owapro.Customer{{ID: 1, Idle: -1}}}},
		"formats, numbers": {dims: "date customer_trackgroup", answers: owapro.Answers{Numbers: owapro.NumbersNumbers}, data: owapro.Data{Reports: []owapro.Report{{ID: 1, Formats: true}}}},
		"formats":          {dims: "date customer_trackgroup", data: owapro.Data{Reports: []owapro.Report{{ID: 1, Formats: true}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base := small()
			c.data.FirstDay, c.data.Days, c.data.Now = base.FirstDay, base.Days, base.Now
			v := newVendor(t, owapro.Config{Data: c.data, Answers: c.answers})
			metrics := allMetrics
			if strings.HasPrefix(name, "formats") {
				metrics += " ad_text landing_url avg_position first_sale_date first_sale_time first_sale is_active keywords"
			}
			body := strings.Replace(ask(c.dims, metrics), "{", `{"currency":"`+c.body+`",`, 1)
			b := v.block(body)
			q := owapro.Query{Dimensions: strings.Fields(c.dims), Metrics: strings.Fields(metrics), Currency: c.body}
			want := v.truth(q)
			if diff := cmp.Diff(want, rows(b)); diff != "" || len(want) == 0 {
				t.Errorf("%d rows (-truth +got):\n%.3000s", len(want), diff)
			}
			n, err := v.Count(q)
			if err != nil || n != len(want) {
				t.Errorf("Count %d, rows %d: %v", n, len(want), err)
			}
			if !cmp.Equal(b.Metadata.DimensionsOrder, q.Dimensions) || !cmp.Equal(b.Metadata.MetricsOrder, q.Metrics) {
				t.Errorf("orders %v %v", b.Metadata.DimensionsOrder, b.Metadata.MetricsOrder)
			}
			reconcile(t, v, q, b)
		})
	}
}

// reconcile compares the sums of a block's metadata with the truth.
func reconcile(t *testing.T, v *vendor, q owapro.Query, b block) {
	t.Helper()
	sums, err := v.Sums(q)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range sums {
		got, there := b.Metadata.Metric[name]["sum"]
		if !there || plain(got, true) != plain(want, true) && name != "sale_amount" && name != "cost_income" {
			t.Errorf("sum of %s is %v, want %s", name, got, want)
		}
		if name == "sale_amount" {
			x, _ := new(big.Rat).SetString(fmt.Sprint(got))
			y, _ := new(big.Rat).SetString(want)
			diff, _ := new(big.Rat).Sub(x, y).Float64()
			if math.Abs(diff) > 0.005*float64(len(b.Data)) {
				t.Errorf("sum of %s is %v, exactly %s", name, got, want)
			}
		}
	}
}

// Sums over finer rows are those of coarser rows, and the same seed makes the same data whoever else is there.
func TestDataIsAFunction(t *testing.T) {
	one := small()
	one.Customers = []owapro.Customer{{ID: 4712, Currency: "USD"}}
	a, b := newVendor(t, owapro.Config{Data: small()}), newVendor(t, owapro.Config{Data: one})
	q := owapro.Query{Dimensions: []string{"date", "customer_trackgroup"}, Metrics: strings.Fields(allMetrics), Customers: []int{4712}}
	if diff := cmp.Diff(a.truth(q), b.truth(q)); diff != "" {
		t.Errorf("a customer alone differs:\n%.1000s", diff)
	}
	fine, err := a.Sums(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, dims := range []string{"year", "acc_channel day_of_week", "customer"} {
		q.Dimensions = strings.Fields(dims)
		coarse, err := a.Sums(q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fine, coarse); diff != "" {
			t.Errorf("sums by %s:\n%s", dims, diff)
		}
	}
	q.Dimensions, q.From, q.To = []string{"date"}, "2025-12-30", "2026-01-02"
	if got := a.truth(q); len(got) != 3 || got[0]["date"] != "2025-12-30" || got[2]["date"] != "2026-01-01" {
		t.Errorf("from, to: %v", got)
	}
	if a.Day(4) != "2026-01-01" {
		t.Errorf("day 4 is %s", a.Day(4))
	}
	for _, bad := range []owapro.Query{{Report: 9}, {Dimensions: []string{"x"}, Metrics: []string{"ctr"}}, {From: "soon", Dimensions: []string{"date"}, Metrics: []string{"ctr"}}} {
		if _, err := a.Rows(bad); err == nil {
			t.Errorf("%+v is answered", bad)
		}
		if _, err := a.Count(bad); err == nil {
			t.Errorf("%+v is counted", bad)
		}
		if _, err := a.Sums(bad); err == nil {
			t.Errorf("%+v is summed up", bad)
		}
	}
	rows, err := a.Rows(owapro.Query{Dimensions: []string{"date"}, Metrics: []string{"ctr"}})
	if err != nil {
		t.Fatal(err)
	}
	for row := range rows {
		if _, ok := row.Value("cpc"); ok {
			t.Error("a value nobody asked for")
		}
		break
	}
}

func TestMixedNumbersAndNoise(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: small()})
	b := v.block(ask("date customer_trackgroup", "sale_count sale_amount"))
	kinds := map[string]int{}
	for _, row := range b.Data {
		for _, name := range []string{"sale_count", "sale_amount"} {
			kinds[fmt.Sprintf("%s %T", name, row[name])]++
			if n, isNumber := row[name].(json.Number); isNumber && n != "0" {
				t.Errorf("%s: %s is no string", name, n)
			}
		}
		if text, ok := row["sale_amount"].(string); ok && len(text) > 13 {
			kinds["noise"]++
		}
	}
	for _, kind := range []string{"sale_count string", "sale_count json.Number", "sale_amount string", "sale_amount json.Number", "noise"} {
		if kinds[kind] == 0 {
			t.Errorf("no %s among %v", kind, kinds)
		}
	}
	v = newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Noise: owapro.NoiseOff}})
	for _, row := range v.block(ask("date customer_trackgroup", "sale_amount")).Data {
		if text, ok := row["sale_amount"].(string); ok && len(text) > 12 {
			t.Errorf("noise: %s", text)
		}
	}
}

func TestDict(t *testing.T) {
	body := ask("customer_trackgroup", "sale_count", `"page_limit":5`)
	for dict, want := range map[owapro.Dict]int{owapro.DictPage: 5, owapro.DictResult: 36} {
		v := newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Dict: dict}})
		b := v.block(body)
		if got := len(b.Metadata.Dimension["customer_trackgroup"].Dict); got != want {
			t.Errorf("%s: %d labels, want %d: idle ones have none", dict, got, want)
		}
	}
	v := newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{DictGapEvery: 3}})
	b := v.block(ask("customer_trackgroup", "sale_count"))
	if got := len(b.Metadata.Dimension["customer_trackgroup"].Dict); got == 0 || got >= len(b.Data) {
		t.Errorf("%d labels of %d rows", got, len(b.Data))
	}
}

func TestDates(t *testing.T) {
	for dates, want := range map[owapro.Dates]string{owapro.DatesISO: "2025-12-28", owapro.DatesDMY: "28/12/2025", owapro.DatesMDY: "12/28/2025"} {
		v := newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Dates: dates}})
		if got := v.block(ask("date", "sale_count")).Data[0]["date"]; got != want {
			t.Errorf("%s: %v", dates, got)
		}
	}
}

func TestStats(t *testing.T) {
	keys := func(m map[string]any) string {
		var out []string
		for _, key := range []string{"format", "category", "min", "max", "avg", "sum", "cnt", "sum_sa", "sum_sc"} {
			if _, there := m[key]; there {
				out = append(out, key)
			}
		}
		return strings.Join(out, " ")
	}
	none := small()
	none.Zero = 1
	const full = "format category min max avg sum cnt"
	cases := map[string]struct {
		stats  owapro.Stats
		data   owapro.Data
		paged  string
		metric string
		want   string
	}{
		"count":            {metric: "click_count_pub", want: full},
		"sale with zeros":  {metric: "sale_count", want: "format category max avg sum cnt"},
		"sale, full":       {stats: owapro.StatsFull, metric: "sale_count", want: full},
		"none":             {stats: owapro.StatsNone, metric: "sale_count", want: "format category"},
		"ratio":            {metric: "cpo", want: "format category avg sum sum_sc"},
		"ratio of amounts": {metric: "kuv", want: "format category avg sum sum_sa"},
		"ratio, bare":      {metric: "ctr", want: "format category avg sum"},
		"nothing":          {data: none, metric: "click_count_pub", want: full},
		"nothing, paged":   {data: none, paged: `"page_limit":500`, metric: "click_count_pub", want: "format category"},
		"nothing, full":    {stats: owapro.StatsFull, data: none, paged: `"page_limit":500`, metric: "click_count_pub", want: full},
	}
	for name, c := range cases {
		if c.data.Days == 0 {
			c.data = small()
		}
		v := newVendor(t, owapro.Config{Data: c.data, Answers: owapro.Answers{Stats: c.stats}})
		if c.paged == "" {
			c.paged = `"page_limit":null`
		}
		b := v.block(ask("date customer_trackgroup", c.metric, c.paged))
		if got := keys(b.Metadata.Metric[c.metric]); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	v := newVendor(t, owapro.Config{Data: small()})
	b := v.block(ask("date customer_trackgroup", "click_count_pub sale_amount"))
	cnt := 0
	for _, row := range b.Data {
		if row["click_count_pub"] != json.Number("0") {
			cnt++
		}
	}
	m := b.Metadata.Metric["click_count_pub"]
	if fmt.Sprint(m["cnt"]) != fmt.Sprint(cnt) || m["format"] != "integer" || m["category"] != "click" || b.Metadata.Metric["sale_amount"]["format"] != "currency" {
		t.Errorf("of %d rows with clicks: %v", cnt, m)
	}
}

func TestCurrency(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: small()})
	for asked, want := range map[string]string{"": "EUR", "USD": "USD", "-C-": "USD"} {
		body := strings.Replace(ask("customer", "sale_amount", `"filters":[{"field":"date","operator":"exists"},{"field":"customerid","operator":"eq","value":4712}]`), "{", `{"currency":"`+asked+`",`, 1)
		b := v.block(body)
		sums, err := v.Sums(owapro.Query{Dimensions: []string{"customer"}, Metrics: []string{"sale_amount"}, Customers: []int{4712}, Currency: want})
		if err != nil {
			t.Fatal(err)
		}
		if got := plain(b.Data[0]["sale_amount"], true); b.Metadata.Currency != want || got != sums["sale_amount"] {
			t.Errorf("%q: %s %s, want %s %s", asked, got, b.Metadata.Currency, sums["sale_amount"], want)
		}
	}
}
