package owapro

import (
	"bufio"
	"bytes"
	"encoding/json"
	"time"

	"exporter/record"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/sources/pageprint"
)

// Number reads a number of a CSV with the marks given, "" for those not known. It
// returns its canonical form, the decimal mark known then, and whether the text is
// a number ("number", "not a number", "ambiguous").
func Number(text, decimal, thousands string) (canonical, mark, verdict string) {
	m := CSV{Decimal: decimal, Thousands: thousands}.marks()
	out, v := m.canonical(nil, []byte(text), true, "EUR")
	return told(m, out, v)
}

// LongWay is Number without the short way.
func LongWay(text, decimal, thousands string) (canonical, mark, verdict string) {
	m := CSV{Decimal: decimal, Thousands: thousands}.marks()
	out, v := []byte(text), notNumber
	if body, negative, ok := strip([]byte(text), true, "EUR"); ok {
		out, v = m.read(nil, []byte(text), body, negative)
	}
	return told(m, out, v)
}

func told(m marks, out []byte, v verdict) (canonical, mark, verdict string) {
	if m.decimal != 0 {
		mark = string(rune(m.decimal))
	}
	return string(out), mark, [...]string{"number", "not a number", "ambiguous"}[v]
}

// Lines reads the records of a CSV through a buffer of so many bytes. Beside each it
// returns the line it begins in.
func Lines(text []byte, delimiter rune, size int) (records [][]string, from []int, last byte, err error) {
	l := newLines(bufio.NewReaderSize(bytes.NewReader(text), size), delimiter)
	for {
		fields, err := l.read()
		if err != nil {
			return records, from, l.last, err
		}
		record := make([]string, len(fields))
		for i, f := range fields {
			record[i] = string(f)
		}
		records, from = append(records, record), append(from, l.from)
	}
}

// Quick reads a number like Number, where the short way does; else ok is false. It
// also returns what the number is.
func Quick(text, decimal string) (canonical string, v int64, scale int, ok bool) {
	out, v, scale, ok := quick(nil, []byte(text), CSV{Decimal: decimal}.marks().decimal)
	return string(out), v, scale, ok
}

// MaxLabels is how many labels of a dimension are kept.
const MaxLabels = maxLabels

// Dict is what a reading knows of the labels of one dimension.
type Dict struct{ ds dicts }

// NewDict knows nothing.
func NewDict() Dict { return Dict{dicts{}} }

// Clone is what another reading begins with.
func (d Dict) Clone() Dict { return Dict{d.ds.clone()} }

// Add learns a label, and reports whether it is news.
func (d Dict) Add(id, label string) bool { return d.ds.of("x").add(id, label) }

// Label returns the label of an id.
func (d Dict) Label(id string) (string, bool) { return d.ds.of("x").label([]byte(id)) }

// ID returns the id of a label, "" if it has several.
func (d Dict) ID(label string) (string, bool) {
	id, ok := d.ds.of("x").ids[label]
	return id, ok
}

// Kept is what a later run recalls.
func (d Dict) Kept() ([]byte, error) { return json.Marshal(d.ds.of("x")) }

// Date reads a date that may be of the days given.
func Date(text string, from, to int32) string {
	return string(isoDate(nil, []byte(text), &dayRange{from, to}))
}

// At sets the clock of a source.
func At(s sources.Source, now time.Time) {
	s.(*source).now = func() time.Time { return now }
}

// fuzzed is a block of four columns, one of them with ids.
func fuzzed() (*typer, header) {
	b := Block{Dimensions: []string{"date", "acc_channel", "customer_trackgroup"}, Metrics: []string{"sale_count", "sale_amount", "ctr"}}
	d := newBlockDefinition()
	d.IDs["customer_trackgroup"] = "customer_trackgroupid"
	d.Formats["sale_count"], d.Formats["sale_amount"], d.Formats["ctr"] = "integer", "currency", "percent"
	s := &source{config: newConfig(), report: &Options{}}
	table := s.table(b, d)
	t := newTyper(table, b, d, true, nil)
	t.build = record.NewBuilder(0, table, nil)
	t.customer, t.within, t.dicts, t.money = "4711", dayRange{0, 1 << 20}, dicts{}, "EUR"
	t.dicts.of("customer_trackgroup").add("1", "SEO")
	return t, newHeader(t.slots, d)
}

// ReadCSV types a CSV. It returns the rows, those of them that are rejects, and the
// lines there were.
func ReadCSV(body []byte) (rows, rejects int, lines int64, err error) {
	t, h := fuzzed()
	c := &table{money: "EUR"}
	t.marks = &c.marks
	t.begin(0, pageprint.Sum{})
	lines, err = c.read(response{Reader: bufio.NewReaderSize(bytes.NewReader(body), peekBytes), csv: true}, t.slots, h, t.add)
	if err == nil {
		_, err = t.end(true)
	}
	batch, rejected := t.build.Take()
	return batch.Rows(), rejected.Rows(), lines, err
}

// ReadJSON decodes an answer of one block and types its rows.
func ReadJSON(body []byte) (rows int64, err error) {
	t, _ := fuzzed()
	err = readJSON(t, body)
	return t.rows, err
}

// LabelsOfJSON returns the labels of the rows of an answer, as a reading finds them
// that knows d.
func LabelsOfJSON(d Dict, body []byte) (labels []string, err error) {
	t, _ := fuzzed()
	t.dicts = dicts{"customer_trackgroup": d.ds.of("x")}
	err = readJSON(t, body)
	batch, _ := t.build.Take()
	at := t.build.Table().Column("customer_trackgroup")
	for row := range batch.Rows() {
		text, _ := batch.Cell(row, at)
		labels = append(labels, string(text))
	}
	return labels, err
}

func readJSON(t *typer, body []byte) error {
	t.begin(0, pageprint.Sum{})
	s := &source{client: httpapi.New(httpapi.Config{BaseURL: "https://localhost"}), report: &Options{}}
	r := &reportReader{reader: &reader{s: s, req: sources.Request{Part: t.customer}}, dicts: t.dicts, currency: "EUR"}
	r.constants(t)
	b := &block{typer: t, slots: newSlots(t.names()), def: blockDefinition{IDs: map[string]string{"customer_trackgroup": "customer_trackgroupid"}}}
	return r.readJSON(response{Reader: bufio.NewReader(bytes.NewReader(body))}, []*block{b}, question{blocks: []asked{{id: "1"}}}, true)
}
