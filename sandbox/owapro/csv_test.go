package owapro_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

const csvDims = "date customer customer_trackgroup tag"

// decoded turns the bytes of a text answer into a string, by rules of the code page of their own.
func decoded(t *testing.T, d owapro.Dialect, body string) string {
	t.Helper()
	switch d.Encoding {
	case owapro.EncodingBOM:
		rest, ok := strings.CutPrefix(body, "\ufeff")
		if !ok {
			t.Errorf("no byte order mark: %.20q", body)
		}
		return rest
	case owapro.EncodingWindows:
		var out strings.Builder
		for _, c := range []byte(body) {
			switch c {
			case 0x80:
				out.WriteString("€")
			case 0x93:
				out.WriteString("“")
			case 0x94:
				out.WriteString("”")
			case 0x96:
				out.WriteString("–")
			default:
				out.WriteRune(rune(c))
			}
		}
		return out.String()
	}
	return body
}

// table reads CSV: a header and rows of cells.
func table(t *testing.T, d owapro.Dialect, body string) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(body))
	if d.Delimiter != "" {
		r.Comma = rune(d.Delimiter[0])
	} else {
		r.Comma = ';'
	}
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%.500q", err, body)
	}
	return all
}

// figure turns a printed number into that of the truth.
func figure(d owapro.Dialect, column, cell string) string {
	if cell == d.Null {
		return "(null)"
	}
	for _, part := range []string{"€", "$", "EUR", " %", "%"} {
		cell = strings.TrimSpace(strings.ReplaceAll(cell, part, ""))
	}
	if d.Thousands != "" {
		cell = strings.ReplaceAll(cell, d.Thousands, "")
	}
	if d.Decimal == "," {
		cell = strings.ReplaceAll(cell, ",", ".")
	}
	return plain(cell, d.Noise && (column == "sale_amount" || column == "cost_income"))
}

func TestCSVIsTheTruth(t *testing.T) {
	null := owapro.Data{NullEach: 3}
	tricky := owapro.Data{Customers: []owapro.Customer{{ID: 1, Name: `Müller "& Söhne"; GmbH`, Tricky: true, Idle: -1}}}
	cases := map[string]struct {
		d       owapro.Dialect
		data    owapro.Data
		answers owapro.Answers
		part    string // has to be in the answer
	}{
		"default":         {part: "date;customer;customer_trackgroup;tag;uu_count;"},
		"comma":           {d: owapro.Dialect{Delimiter: ","}},
		"tab":             {d: owapro.Dialect{Delimiter: "\t"}, data: tricky},
		"LF":              {d: owapro.Dialect{Newline: owapro.NewlineLF}},
		"BOM":             {d: owapro.Dialect{Encoding: owapro.EncodingBOM}, data: tricky},
		"Windows":         {d: owapro.Dialect{Encoding: owapro.EncodingWindows, Currency: owapro.CurrencyAfter}, data: tricky, part: " \x80"},
		"German":          {d: owapro.Dialect{Decimal: ",", Thousands: ".", Percent: " %", Currency: owapro.CurrencyAfter}, part: " €"},
		"American":        {d: owapro.Dialect{Delimiter: ",", Thousands: ",", Percent: "%", Currency: owapro.CurrencyBefore}, part: `"€1,`},
		"Swiss":           {d: owapro.Dialect{Thousands: "'"}, part: "1'"},
		"no-break":        {d: owapro.Dialect{Thousands: "\u00a0", Encoding: owapro.EncodingWindows, Decimal: ","}, part: "1\xa0"},
		"blanks":          {d: owapro.Dialect{Thousands: " "}},
		"n/a":             {d: owapro.Dialect{Null: "n/a"}, data: null, part: ";n/a;"},
		"empty":           {data: null, part: ";;"},
		"quotes":          {d: owapro.Dialect{Quote: owapro.QuoteAll}, data: tricky, part: `"Say ""hello"""`},
		"tricky":          {data: tricky, part: "\"two\nlines\""},
		"noise":           {d: owapro.Dialect{Noise: true, Decimal: ","}},
		"null ratios":     {answers: owapro.Answers{EmptyRatios: owapro.RatiosNull}, part: ";;"},
		"ratios n/a":      {d: owapro.Dialect{Null: "n/a"}, answers: owapro.Answers{EmptyRatios: owapro.RatiosNull}, part: ";n/a;n/a;"},
		"decimal formats": {d: owapro.Dialect{Decimal: ","}, data: owapro.Data{Reports: []owapro.Report{{ID: 1, Formats: true}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base := small()
			c.data.FirstDay, c.data.Days = base.FirstDay, base.Days
			v := newVendor(t, owapro.Config{Data: c.data, Answers: c.answers, CSV: owapro.CSV{Dialect: c.d}})
			metrics := allMetrics
			if name == "decimal formats" {
				metrics += " avg_position"
			}
			w := v.report(ask(csvDims, metrics), "Accept", "text/csv, application/json;q=0.5")
			charset := map[bool]string{true: "windows-1252", false: "utf-8"}[c.d.Encoding == owapro.EncodingWindows]
			if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != "text/csv; charset="+charset {
				t.Fatalf("%d %s", w.Code, got)
			}
			body := w.Body.String()
			if !strings.Contains(body, c.part) || strings.Contains(body, "\r\n") != (c.d.Newline != owapro.NewlineLF) && c.data.Customers == nil {
				t.Errorf("no %q in %.500q", c.part, body)
			}
			all := table(t, c.d, decoded(t, c.d, body))
			if diff := cmp.Diff(strings.Fields(csvDims+" "+metrics), all[0]); diff != "" {
				t.Errorf("header:\n%s", diff)
			}
			var got []map[string]string
			for _, cells := range all[1:] {
				row := map[string]string{}
				for i, cell := range cells {
					row[all[0][i]] = cell
					if i >= len(strings.Fields(csvDims)) {
						row[all[0][i]] = figure(c.d, all[0][i], cell)
					} else if cell == c.d.Null && all[0][i] == "tag" {
						row[all[0][i]] = "(null)"
					}
				}
				got = append(got, row)
			}
			if diff := cmp.Diff(texts(v.truth(owapro.Query{Dimensions: strings.Fields(csvDims), Metrics: strings.Fields(metrics)})), got); diff != "" {
				t.Errorf("(-truth +got):\n%.2000s", diff)
			}
		})
	}
}

// texts takes the ids out of true rows and the line ends csv.Reader does not keep.
func texts(rows []map[string]string) []map[string]string {
	for _, row := range rows {
		delete(row, "customerid")
		delete(row, "customer_trackgroupid")
		row["customer_trackgroup"] = strings.ReplaceAll(row["customer_trackgroup"], "\r\n", "\n")
	}
	return rows
}

func TestHeaders(t *testing.T) {
	cases := map[string]struct {
		d    owapro.Dialect
		want string
	}{
		"API":     {want: "date;customer_trackgroup;ctr;kuv"},
		"display": {d: owapro.Dialect{Header: owapro.HeaderDisplay}, want: "Date;Trackgroup;CTR;\"csr\t\""},
		"ids":     {d: owapro.Dialect{Labels: owapro.LabelsIDs}, want: "date;customer_trackgroupid;ctr;kuv"},
		"both":    {d: owapro.Dialect{Labels: owapro.LabelsBoth}, want: "date;customer_trackgroup;customer_trackgroupid;ctr;kuv"},
		"both, display": {
			d: owapro.Dialect{Labels: owapro.LabelsBoth, Header: owapro.HeaderDisplay}, want: "Date;Trackgroup;Trackgroup ID;CTR;\"csr\t\"",
		},
	}
	for name, c := range cases {
		v := newVendor(t, owapro.Config{Data: small(), CSV: owapro.CSV{Dialect: c.d}})
		body := v.report(ask("date customer_trackgroup", "ctr kuv"), "Accept", "text/csv").Body.String()
		header, rest, _ := strings.Cut(body, "\r\n")
		if header != c.want {
			t.Errorf("%s: %q, want %q", name, header, c.want)
		}
		first := strings.Split(strings.SplitN(rest, "\r\n", 2)[0], ";")
		id := v.truth(owapro.Query{Dimensions: []string{"date", "customer_trackgroup"}, Metrics: []string{"ctr"}})[0]["customer_trackgroupid"]
		if has := strings.Contains(strings.Join(first, " "), id); has != (c.d.Labels != "") {
			t.Errorf("%s: first row %v", name, first)
		}
	}
	then := owapro.Dialect{Header: owapro.HeaderDisplay, Delimiter: ","}
	v := newVendor(t, owapro.Config{Data: small(), CSV: owapro.CSV{Then: &then, After: 2}})
	var got []string
	for range 3 {
		got = append(got, strings.SplitN(v.report(ask("date", "ctr"), "Accept", "text/csv").Body.String(), "\r\n", 2)[0])
	}
	if diff := cmp.Diff([]string{"date;ctr", "date;ctr", "Date,CTR"}, got); diff != "" {
		t.Errorf("another dialect in the middle of a run:\n%s", diff)
	}
}

func TestAskingForCSV(t *testing.T) {
	body := ask("date", "ctr")
	inBody := `{"format":"csv",` + body[1:]
	cases := map[string]struct {
		csv    owapro.CSV
		body   string
		accept string
		query  string
		status int
		kind   string
	}{
		"accept":                {body: body, accept: "text/csv", status: 200, kind: "text/csv; charset=utf-8"},
		"JSON":                  {body: body, accept: "application/json", status: 200, kind: "application/json"},
		"nothing":               {body: body, status: 200, kind: "application/json"},
		"query, header alone":   {csv: owapro.CSV{Ask: owapro.AskQuery}, body: body, accept: "text/csv", status: 406, kind: "application/json"},
		"query":                 {csv: owapro.CSV{Ask: owapro.AskQuery}, body: body, query: "?format=csv", status: 200, kind: "text/csv; charset=utf-8"},
		"query, other name":     {csv: owapro.CSV{Ask: owapro.AskQuery, Param: "type", Value: "text"}, body: body, query: "?type=text", status: 200, kind: "text/csv; charset=utf-8"},
		"body":                  {csv: owapro.CSV{Ask: owapro.AskBody}, body: inBody, status: 200, kind: "text/csv; charset=utf-8"},
		"body, not there":       {csv: owapro.CSV{Ask: owapro.AskBody}, body: body, status: 200, kind: "application/json"},
		"refused":               {csv: owapro.CSV{Answer: owapro.AnswerRefuse}, body: body, accept: "text/csv", status: 406, kind: "application/json"},
		"refused, JSON instead": {csv: owapro.CSV{Answer: owapro.AnswerJSON}, body: body, accept: "text/csv", status: 200, kind: "application/json"},
		"other content type":    {csv: owapro.CSV{ContentType: "application/csv", NoCharset: true}, body: body, accept: "text/csv", status: 200, kind: "application/csv"},
		"unknown column":        {body: ask("x", "ctr"), accept: "text/csv", status: 200, kind: "application/json"},
		"two blocks":            {body: `{"data_sources_overwrite":{"data_blocks":{"1":[{},{}]}}}`, accept: "text/csv", status: 400, kind: "application/json"},
	}
	for name, c := range cases {
		v := newVendor(t, owapro.Config{Data: small(), CSV: c.csv})
		r := v.request(c.body, c.query)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		if w := v.do(r); w.Code != c.status || w.Header().Get("Content-Type") != c.kind {
			t.Errorf("%s: %d %s %.100s, want %d %s", name, w.Code, w.Header().Get("Content-Type"), w.Body, c.status, c.kind)
		}
	}
}

func TestCSVPages(t *testing.T) {
	for summary, want := range map[owapro.Summary]string{owapro.SummaryOff: "4 4 2 0", owapro.SummaryLast: "4 4 3 1", owapro.SummaryEvery: "5 5 3 1"} {
		v := newVendor(t, owapro.Config{Data: small(), CSV: owapro.CSV{Dialect: owapro.Dialect{Summary: summary}}})
		var got []string
		for page := 1; page <= 4; page++ {
			body := v.report(ask("date customer", "sale_count ctr", fmt.Sprintf(`"page_limit":8,"page_number":%d`, page)), "Accept", "text/csv").Body.String()
			lines := table(t, owapro.Dialect{}, body)
			last := lines[len(lines)-1]
			if isSum := last[0] == "Total" && last[1] == ""; isSum != (strings.Contains(want, "3") && (page > 2 || summary == owapro.SummaryEvery)) {
				t.Errorf("%s, page %d ends with %v", summary, page, last)
			}
			days := 0
			for _, line := range lines[1:] {
				if line[0] == "Total" || line[1] == "Demo Shop" {
					days++
				}
			}
			got = append(got, fmt.Sprint(days))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", summary, got, want)
		}
	}
}
