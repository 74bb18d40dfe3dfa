package main

import (
	"fmt"
	"time"
)

// target is what a figure is to be.
type target struct {
	Value   float64 `json:"value"`
	AtLeast bool    `json:"at_least"` // else at most
}

func atLeast(v float64) *target { return &target{Value: v, AtLeast: true} }
func atMost(v float64) *target  { return &target{Value: v} }

func (t target) verdict(v float64) string {
	if t.AtLeast && v >= t.Value || !t.AtLeast && v <= t.Value {
		return "met"
	}
	return "missed"
}

func (t target) text() string {
	sign := map[bool]string{true: "≥", false: "≤"}[t.AtLeast]
	return fmt.Sprintf("%s %.4g", sign, t.Value)
}

// figures are the medians of one side of a pair; the peak is the highest.
type figures struct {
	Name          string  `json:"name,omitempty"`
	Seconds       float64 `json:"seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
	// Seconds of processor time for a million rows: of exporter, of psql, or of the
	// suite where it does the work of a client.
	CPU       float64   `json:"cpu_seconds_per_million"`
	ServerCPU float64   `json:"server_cpu_seconds_per_million"`
	VendorCPU float64   `json:"vendor_cpu_seconds_per_million"`
	Peak      int64     `json:"peak_resident_bytes"`
	Each      []float64 `json:"each_seconds"` // in the order of the repeats
}

func (f *figures) take(s samples, rows int64) {
	f.Seconds, f.Peak = s.seconds(), s.peak()
	f.RowsPerSecond = float64(rows) / f.Seconds
	f.CPU = s.perMillion(rows, func(one sample) time.Duration { return one.cpu })
	f.ServerCPU = s.perMillion(rows, func(one sample) time.Duration { return one.server })
	f.VendorCPU = s.perMillion(rows, func(one sample) time.Duration { return one.supplier })
	for _, one := range s {
		f.Each = append(f.Each, one.wall.Seconds())
	}
}

// result is a case: exporter beside its reference.
type result struct {
	Case      string   `json:"case"` // operation/sink/vendor/layout/rows
	Operation string   `json:"operation"`
	Sink      string   `json:"sink"`
	Vendor    string   `json:"vendor"`
	Layout    string   `json:"layout"`
	Table     int64    `json:"table_rows"`
	Rows      int64    `json:"rows"` // that the operation is about
	Exporter  figures  `json:"exporter"`
	Reference figures  `json:"reference"`
	Second    *figures `json:"second_reference,omitempty"`

	Ratio       float64 `json:"ratio"` // the reference's seconds by exporter's
	SecondRatio float64 `json:"second_ratio,omitempty"`
	Target      *target `json:"target"`
	Aim         float64 `json:"aim,omitempty"`
	Verdict     string  `json:"verdict"` // met, missed

	SpoolBytes int64 `json:"spool_bytes,omitempty"`
	CSVBytes   int64 `json:"csv_bytes,omitempty"`
	Changed    int64 `json:"changed_rows,omitempty"` // by a merge

	exporter, reference, second samples
}

func (st *stage) result(operation, sink string, rows int64, t *target) *result {
	return &result{
		Case: operation + "/" + sink + "/" + st.name(), Operation: operation, Sink: sink, Vendor: st.feed.name, Layout: st.layout.name,
		Table: st.truth, Rows: rows, Target: t, Second: &figures{},
	}
}

// compute fills in what follows from the samples.
func (r *result) compute() {
	r.Exporter.take(r.exporter, r.Rows)
	r.Reference.take(r.reference, r.Rows)
	r.Ratio = r.Reference.Seconds / r.Exporter.Seconds
	r.Verdict = r.Target.verdict(r.Ratio)
	if len(r.second) == 0 {
		r.Second = nil
		return
	}
	r.Second.take(r.second, r.Rows)
	r.SecondRatio = r.Second.Seconds / r.Exporter.Seconds
}

// line is what is told of a result when it is there.
func (r *result) line() string {
	return fmt.Sprintf("%s: %.0f rows/s, %s %.0f: %.2f, %s", r.Operation, r.Exporter.RowsPerSecond, r.Reference.Name, r.Reference.RowsPerSecond, r.Ratio, r.Verdict)
}
