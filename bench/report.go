package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report is what a run of the suite has found.
type report struct {
	Begin    moment    `json:"begin"`
	End      moment    `json:"end"`
	Versions versions  `json:"versions"`
	Repeat   int       `json:"repeat"`
	Results  []*result `json:"results"`
	Limits   []limit   `json:"limits"`
}

// limit is a figure that is no comparison of times.
type limit struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Value   float64 `json:"value"`
	Target  target  `json:"target"`
	Verdict string  `json:"verdict"`
	Where   string  `json:"where"` // the case that it comes from
}

const mib = 1 << 20

// conclude finds the figures that stand over several cases.
func (r *report) conclude() {
	add := func(name, unit string, value float64, t *target, where string) {
		r.Limits = append(r.Limits, limit{name, unit, value, *t, t.verdict(value), where})
	}
	var most *result
	bySize := map[string][]*result{}
	var families []string
	for _, one := range r.Results {
		if most == nil || one.Exporter.Peak > most.Exporter.Peak {
			most = one
		}
		family := one.Case[:strings.LastIndexByte(one.Case, '/')]
		if bySize[family] == nil {
			families = append(families, family)
		}
		bySize[family] = append(bySize[family], one)
		if one.SpoolBytes > 0 {
			add("spool by CSV", "of its bytes", float64(one.SpoolBytes)/float64(one.CSVBytes), atMost(0.6), one.Case)
		}
	}
	if most != nil {
		add("highest peak resident memory", "MiB", float64(most.Exporter.Peak)/mib, atMost(128), most.Case)
	}
	for _, family := range families {
		sizes := bySize[family]
		small, large := sizes[0], sizes[len(sizes)-1]
		if large.Table > small.Table {
			add("peak of "+short(int(large.Table))+" by that of "+short(int(small.Table))+" rows", "times", float64(large.Exporter.Peak)/float64(small.Exporter.Peak), atMost(1.2), family)
		}
	}
}

// print writes the report for people.
func (r *report) print(out io.Writer) error {
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s, %d cores, %.1f GiB memory (%.1f free), %s\n", r.Begin.CPU, r.Begin.Cores, float64(r.Begin.Memory)/(1<<30), float64(r.Begin.Free)/(1<<30), r.Versions.System)
	fmt.Fprintf(b, "load average at the begin %s, at the end %s (%s)\n", r.Begin.Load, r.End.Load, r.End.At.Sub(r.Begin.At))
	fmt.Fprintf(b, "exporter %s, %s, PostgreSQL %s, %s\n", r.Versions.Exporter, r.Versions.Go, r.Versions.PostgreSQL, r.Versions.Psql)
	fmt.Fprintf(b, "medians of %d; CPU: seconds of processor time for a million rows\n\n", r.Repeat)
	// A cell of a right-aligned table ends with its tab, the last column as well.
	lines := new(strings.Builder)
	fmt.Fprintln(lines, "case\trows\trows/s\tbeside\trows/s\tratio\ttarget\t\tlineage too\tpeak MiB\tCPU exporter\tvendor\tserver\tCPU beside\tserver\t")
	for _, one := range r.Results {
		second := ""
		if one.Second != nil {
			second = fmt.Sprintf("%.2f", one.SecondRatio)
		}
		fmt.Fprintf(lines, "%s\t%d\t%.0f\t%s\t%.0f\t%.2f\t%s\t%s\t%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n",
			one.Case, one.Rows, one.Exporter.RowsPerSecond, one.Reference.Name, one.Reference.RowsPerSecond, one.Ratio, one.Target.text(), one.Verdict, second,
			float64(one.Exporter.Peak)/mib, one.Exporter.CPU, one.Exporter.VendorCPU, one.Exporter.ServerCPU, one.Reference.CPU, one.Reference.ServerCPU)
	}
	limits := new(strings.Builder)
	for _, one := range r.Limits {
		fmt.Fprintf(limits, "%s\t%.2f %s\t%s\t%s\t%s\n", one.Name, one.Value, one.Unit, one.Target.text(), one.Verdict, one.Where)
	}
	if err := align(b, lines.String(), tabwriter.AlignRight); err != nil {
		return err
	}
	fmt.Fprintln(b)
	if err := align(b, limits.String(), 0); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// align writes lines of cells that end with tabs as columns.
func align(out io.Writer, lines string, flags uint) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', flags)
	if _, err := io.WriteString(t, lines); err != nil {
		return err
	}
	return t.Flush()
}
