package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/jobs/plan"
	"exporter/sinks"
	"exporter/sources"
	"exporter/state"
)

// Purgeable is what a purge would remove of a job.
type Purgeable struct {
	Sink   string
	Slices int
	Rows   int64    // as they were loaded
	Tables []string // that have rows of them, also such as the job fills no longer
}

// Purgeable returns what every sink of a job has of the slices that start in [from,
// to). A bound inside of one of them is refused.
func (e *Engine) Purgeable(ctx context.Context, job *config.Job, from, to time.Time) ([]Purgeable, error) {
	var list []Purgeable
	for _, s := range job.Sinks {
		k, err := e.Sink(ctx, s)
		if err != nil {
			return nil, err
		}
		found, err := committedOf(ctx, job, k, time.Time{}, time.Time{})
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", s.Name, err)
		}
		p := Purgeable{Sink: s.Name}
		for _, c := range found {
			for _, bound := range []time.Time{from, to} {
				if c.Slice.Start.Before(bound) && bound.Before(c.Slice.End) {
					return nil, fault.New(fault.Config, "job %s: %s lies inside of slice %s, which sink %s has", job.Name, bound.In(job.DataZone).Format("2006-01-02 15:04 MST"), plan.Text(sources.Interval{Start: c.Slice.Start, End: c.Slice.End}, job.DataZone), s.Name).
						WithHint("Slices are removed as a whole: use one of its ends.")
				}
			}
			if !c.Slice.Start.Before(from) && (to.IsZero() || c.Slice.Start.Before(to)) {
				p.Slices, p.Rows = p.Slices+1, p.Rows+c.Written
			}
		}
		if p.Tables, err = affected(ctx, job, k, from, to); err != nil {
			return nil, fmt.Errorf("sink %s: %w", s.Name, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// affected returns the tables of a sink that have rows of a job, under its old names too.
func affected(ctx context.Context, job *config.Job, k sinks.Sink, from, to time.Time) (tables []string, err error) {
	p, ok := k.(sinks.Purger)
	if !ok {
		return nil, nil
	}
	for _, name := range append([]string{job.Name}, job.RenamedFrom...) {
		of, err := p.Affected(ctx, sinks.Purge{Job: name, From: from, To: to})
		if err != nil {
			return nil, err
		}
		tables = append(tables, of...)
	}
	slices.Sort(tables)
	return slices.Compact(tables), nil
}

// purge removes what a run names of its job from every sink, then the spools and what
// the state knows. A sink that fails does not keep the others from it; the state is
// forgotten once all have done it, so that the same command does the rest.
func (w *work) purge(ctx context.Context) int {
	var errs []error
	var said []string
	for _, s := range w.job.Sinks {
		done, err := w.purgeSink(ctx, s)
		if err != nil {
			errs = append(errs, fmt.Errorf("job %s: sink %s: %w", w.job.Name, s.Name, err))
			continue
		}
		said = append(said, s.Name+": "+purgedText(done))
		w.update(func(r *state.Run) { r.Slices = max(r.Slices, int(done.Slices)) })
	}
	w.update(func(r *state.Run) { r.Note = strings.Join(slices.Insert(said, 0, r.Note), "; ") })
	if len(errs) == 0 {
		errs = append(errs, w.forget(ctx))
	}
	if err := errors.Join(errs...); err == nil {
		return ExitOK
	}
	code := ExitOK
	for _, err := range errs {
		if err != nil {
			code = cmp.Or(code, w.failed(err))
		}
	}
	if len(said) > 0 && code != ExitInterrupted {
		return ExitPartial
	}
	return code
}

func (w *work) purgeSink(ctx context.Context, s *config.Sink) (sinks.Purged, error) {
	k, err := w.Sink(ctx, s)
	if err != nil {
		return sinks.Purged{}, err
	}
	p, ok := k.(sinks.Purger)
	if !ok {
		return sinks.Purged{}, fault.New(fault.Config, "driver %s does not purge", s.Driver.Name).WithHint("Remove the rows by hand and give the job a new name and table.")
	}
	if err := rename(ctx, w.job, s.Name, k); err != nil {
		return sinks.Purged{}, err
	}
	return p.Purge(ctx, sinks.Purge{Job: w.job.Name, From: w.run.From, To: w.run.To, Run: w.run.ID, Trigger: w.run.Trigger, Started: w.run.Started})
}

// forget removes the spools and what the state knows of the slices.
func (w *work) forget(ctx context.Context) error {
	if _, err := w.spools.Purge(w.job.Name, w.run.From, w.run.To); err != nil {
		return fault.New(fault.Transient, "remove spools of job %s: %w", w.job.Name, err).WithHint("The sinks are purged. Purge again to remove the rest.")
	}
	_, err := w.state.DeleteSlices(ctx, w.job.Name, w.run.From, w.run.To)
	return err
}

func purgedText(p sinks.Purged) string {
	text := fmt.Sprintf("%d slices, %d rows, %d rejects", p.Slices, p.Rows, p.Rejects)
	if p.Objects > 0 {
		text += fmt.Sprintf(", %d objects", p.Objects)
	}
	return text + " removed"
}
