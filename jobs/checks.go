package jobs

import (
	"context"
	"errors"
	"strings"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/jobs/spool"
	"exporter/record"
	"exporter/sinks"
)

// keepEmpty is the setting of `empty` under which no rows replace none.
const keepEmpty = "keep"

// check compares what was read with the job's checks and with what is there.
func check(job *config.Job, l sinks.Load, before *sinks.Committed, reject func() (column, reason string)) error {
	var rows, rejected int64
	for _, t := range l.Tables {
		rejected += t.Rejected
	}
	if len(l.Tables) > 0 {
		rows = l.Tables[0].Tally.Rows
	}
	var had int64
	if before != nil && len(l.Tables) > 0 {
		had = before.Tables[l.Tables[0].Name].Rows
	}
	c := job.Checks
	switch {
	case l.Mode == sinks.Append && l.Provisional:
		return fault.New(fault.Check, "the slice is provisional: its rows are not all there yet, and write mode \"append\" loads it once").
			WithHint("The next run reads it again and appends it when its count settles. To have what there is at once, write write = \"replace\".")
	case rejected > c.MaxRejects:
		column, reason := reject()
		return fault.New(fault.Check, "%d rows could not be typed, max_rejects is %d; the first for column %s: %s", rejected, c.MaxRejects, column, reason).
			WithHint("Old rows stay. `exporter preview %s` shows rejects; give the column another type in [jobs.%s.columns], or raise max_rejects.", job.Name, job.Name)
	case rows == 0 && rejected == 0 && had > 0 && job.Empty == keepEmpty:
		return fault.New(fault.Check, "the vendor sent no rows for a slice that has %d", had).
			WithHint("Old rows stay. If the slice is empty now, set empty = \"replace\" and run it again.")
	case rows < c.MinRows:
		return fault.New(fault.Check, "%d rows, min_rows is %d", rows, c.MinRows).
			WithHint("Old rows stay. Run again when the vendor has the data, or lower min_rows.")
	case c.MaxDrop >= 0 && had > 0 && float64(rows) < float64(had)*(1-c.MaxDrop):
		return fault.New(fault.Check, "%d rows after %d at the last load, a drop of %.1f %%; max_drop is %g", rows, had, 100*(1-float64(rows)/float64(had)), c.MaxDrop).
			WithHint("Old rows stay. If the drop is right, raise max_drop and run again.")
	}
	return nil
}

// rowCheck is a check of the rows of one table. It sees every batch of the table,
// and says in the end what is wrong, "" if nothing is.
type rowCheck interface {
	see(b *record.Batch) error
	verdict(ctx context.Context) (string, error)
	close() error
}

// inspect looks at the rows of a finished spool for the checks that need it.
func (w *work) inspect(ctx context.Context, sp *spool.Spool) (err error) {
	rules, err := rulesOf(w.stream, w.job)
	if err != nil || len(rules) == 0 {
		return err
	}
	checks := make([]rowCheck, len(rules))
	for i, r := range rules {
		checks[i] = r.check(sp)
		defer func() { err = errors.Join(err, checks[i].close()) }()
	}
	if err := eachBatch(ctx, sp, func(b *record.Batch) error {
		for i, r := range rules {
			if r.table == b.Table {
				if err := checks[i].see(b); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	var wrong []string
	for _, c := range checks {
		text, err := c.verdict(ctx)
		if err != nil {
			return err
		}
		if text != "" {
			wrong = append(wrong, text)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.New(fault.Check, "%s", strings.Join(wrong, "; ")).
		WithHint("Old rows stay. Run again when the vendor has the data right, or change [jobs.%s.checks].", w.job.Name)
}

// eachBatch calls f for the rows of a spool, rejects left out.
func eachBatch(ctx context.Context, sp *spool.Spool, f func(*record.Batch) error) error {
	for b, err := range sp.Batches() {
		switch {
		case err != nil:
			return fault.New(fault.Data, "%w", err)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case b.Rejects:
			continue
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return nil
}
