package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
	"exporter/status"
)

// selection is which slices are shown.
type selection struct{ missing, failed, calendar, list bool }

func (p *program) slicesCommand() *cobra.Command {
	var b bounds
	var only selection
	cmd := &cobra.Command{
		Use:   "slices JOB",
		Short: "Show what is complete, interval by interval and sink by sink",
		Long: `slices shows every slice a job has or owes, oldest first: its state in each sink,
rows, when it was loaded, whether it is provisional (read while its interval was open,
or its count would not settle) or outdated (loaded under an older definition of the job).
The sinks' own ledgers decide; a sink that does not answer is shown as last known, with
a warning.

--missing shows only what is not complete in every sink.

On a terminal it is a calendar, a sign for each interval, with what failed and what to do
under it; --list shows slice by slice there, too.`,
		Example: `  exporter slices conversions
  exporter slices conversions --from 2026-01-01 --to 2026-02-01
  exporter slices conversions --missing`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(jobNames, 1),
		RunE:              func(cmd *cobra.Command, args []string) error { return p.slices(cmd.Context(), args[0], b, only) },
	}
	b.register(cmd, "the slices shown")
	cmd.Flags().BoolVar(&only.missing, "missing", false, "only slices that are not complete in every sink")
	cmd.Flags().BoolVar(&only.failed, "failed", false, "only slices whose last attempt failed; what they had before is there still")
	cmd.Flags().BoolVar(&only.calendar, "calendar", false, "a sign for each interval, also where there is no terminal")
	cmd.Flags().BoolVar(&only.list, "list", false, "slice by slice, also on a terminal")
	cmd.MarkFlagsMutuallyExclusive("missing", "failed", "calendar", "list")
	return cmd
}

func sliceOf(v jobs.SliceView) status.Slice {
	o := status.Slice{
		Type: "slice", Job: v.Job, Part: v.Part, IntervalStart: utc(v.Start), IntervalEnd: utc(v.End),
		State: v.State, Run: v.Run, Pages: v.Page, Rows: v.Rows, Announced: known(v.Announced), Rejected: v.Rejected,
		Provisional: v.Provisional, Outdated: v.Outdated, WaitUntil: utc(waitsUntil(v)), Updated: utc(v.Updated),
		Class: v.Class, Error: oneLine(v.Error), Hint: v.Hint,
	}
	for name, s := range v.Sinks {
		if o.Sinks == nil {
			o.Sinks = map[string]status.Sink{}
		}
		o.Sinks[name] = status.Sink{State: inSink(s.State), Rows: s.Rows, Loaded: utc(s.LoadedAt), Checked: utc(s.CheckedAt), Error: oneLine(s.Error)}
	}
	return o
}

// known turns the contract's "unknown" into absence.
func known(announced int64) *int64 {
	if announced == sources.Unknown {
		return nil
	}
	return &announced
}

func (p *program) slices(ctx context.Context, name string, b bounds, only selection) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	job, err := jobNamed(s.cfg, name)
	if err != nil {
		return err
	}
	from, to, err := b.of(job)
	if err != nil {
		return err
	}
	all, err := s.engine.Slices(ctx, job, from, to)
	if err != nil {
		return err
	}
	all, cut := withOwed(job, all, from, to, p.Now(), mostOwed)
	if !cut.IsZero() {
		p.out.note("more than %s slices are missing: those before %s are not shown; name days with --from and --to", number(mostOwed), clock(cut, job.DataZone))
	}
	switch {
	case only.missing:
		all = slices.DeleteFunc(all, func(v jobs.SliceView) bool { return v.Complete(job) })
	case only.failed:
		all = slices.DeleteFunc(all, func(v jobs.SliceView) bool { return v.Error == "" })
	}
	if p.out.json {
		for _, v := range all {
			p.out.object(sliceOf(v))
		}
		return nil
	}
	if !job.Interval.IsZero() && len(all) > 0 && (only.calendar || only == selection{} && terminal(p.Stdout) > 0) {
		p.showCalendar(job, all)
	} else {
		p.showSlices(job, all, only)
	}
	return nil
}

func (p *program) showSlices(job *config.Job, all []jobs.SliceView, only selection) {
	if len(all) == 0 {
		switch {
		case only.missing:
			p.out.note("nothing is missing")
		case only.failed:
			p.out.note("nothing failed")
		default:
			p.out.note("no slice")
		}
		return
	}
	var rows [][]string
	for _, v := range all {
		rows = append(rows, []string{
			span(sources.Interval{Start: v.Start, End: v.End}, job.DataZone), v.Part, stateOf(v, job.Zone), stored(v), rejected(v),
			inSinks(v.Sinks), clock(loaded(v), job.Zone), marks(v), v.Error,
		})
	}
	p.out.table([]string{"interval", "part", "state", "rows", "rejects", "sinks", "loaded", "marks", "error"}, rows)
}

// waitsUntil is when a slice goes on that waits for quota, zero for others.
func waitsUntil(v jobs.SliceView) time.Time {
	if v.State != state.SliceWaiting {
		return time.Time{}
	}
	return v.WaitUntil
}

// stateOf is the state of a slice for people.
func stateOf(v jobs.SliceView, zone *time.Location) string {
	if until := clock(waitsUntil(v), zone); until != "" {
		return v.State + " until " + until
	}
	return v.State
}

// inSink is what a sink has, whatever the last run did about it: rows that it found
// unchanged are committed, as the sink's own ledger says.
func inSink(remembered string) string {
	if remembered == state.SliceUnchanged {
		return state.SliceCommitted
	}
	return remembered
}

// inSinks names the state in every sink.
func inSinks(all map[string]state.SinkState) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, name+" "+cmp.Or(inSink(all[name].State), jobs.Missing))
	}
	return strings.Join(parts, ", ")
}

// stored is how many rows are in the sinks, empty while none has any.
func stored(v jobs.SliceView) string {
	most, some := int64(0), false
	for _, s := range v.Sinks {
		if !s.LoadedAt.IsZero() {
			most, some = max(most, s.Rows), true
		}
	}
	if !some {
		return ""
	}
	return number(most)
}

func rejected(v jobs.SliceView) string {
	if v.Rejected == 0 {
		return ""
	}
	return number(v.Rejected)
}

// loaded is when the last sink got the slice.
func loaded(v jobs.SliceView) time.Time {
	var last time.Time
	for _, s := range v.Sinks {
		if s.LoadedAt.After(last) {
			last = s.LoadedAt
		}
	}
	return last
}

func marks(v jobs.SliceView) string {
	var m []string
	if v.Provisional {
		m = append(m, "provisional")
	}
	if v.Outdated {
		m = append(m, "outdated")
	}
	return strings.Join(m, ", ")
}
