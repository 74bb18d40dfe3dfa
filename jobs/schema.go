package jobs

import (
	"context"
	"fmt"
	"time"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/sinks"
)

// noticed says what a sink has to say of a table's columns, each thing once in a run.
func (w *work) noticed(t task, sink string) func(sinks.Notice) {
	return func(n sinks.Notice) {
		text := "sink " + sink + ": " + n.String()
		w.mu.Lock()
		again := w.said[text]
		w.said[text] = true
		w.mu.Unlock()
		if !again {
			w.sliceEvent(t, Event{Kind: Warning, Text: text})
		}
	}
}

// frozen refuses a job with schema = "freeze" whose tables would have to change,
// before the vendor is asked for rows. A sink that is down is asked when it loads.
func (w *work) frozen(ctx context.Context) error {
	if !w.job.Freeze {
		return nil
	}
	l := sinks.Load{Slice: sinks.Slice{Job: w.job.Name}, Mode: w.job.Write, Freeze: true}
	for _, shape := range w.stream.Tables {
		l.Tables = append(l.Tables, sinks.Table{Name: tableName(w.job, shape), Shape: shape})
	}
	for _, t := range w.sinks {
		f, ok := t.sink.(sinks.Fitter)
		if !ok || t.err != nil {
			continue
		}
		if err := f.Fits(ctx, l); err != nil && fault.ClassOf(err) != fault.Transient {
			return fmt.Errorf("job %s, sink %s: %w", w.job.Name, t.name, err)
		}
	}
	return nil
}

// rename gives a sink's slices of the job's old names to the job. Before that is done
// nothing may be loaded: a slice would be there under both names.
func rename(ctx context.Context, job *config.Job, name string, sink sinks.Sink) error {
	if len(job.RenamedFrom) == 0 {
		return nil
	}
	r, ok := sink.(sinks.Renamer)
	if !ok {
		return fault.New(fault.Config, "job %s: sink %s keeps slices under the name of their job and cannot rename them", job.Name, name).
			WithHint("Keep the job's old name, or take renamed_from out and load into another table.")
	}
	if err := r.Rename(ctx, job.RenamedFrom, job.Name); err != nil {
		return fmt.Errorf("job %s: %w", job.Name, err)
	}
	return nil
}

// committedOf returns what a sink has of a job, of the names it had before too: only
// a run renames them.
func committedOf(ctx context.Context, job *config.Job, sink sinks.Sink, from, to time.Time) ([]sinks.Committed, error) {
	all, err := sink.Committed(ctx, job.Name, from, to)
	if err != nil {
		return nil, err
	}
	for _, old := range job.RenamedFrom {
		list, err := sink.Committed(ctx, old, from, to)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			c.Slice.Job = job.Name
			all = append(all, c)
		}
	}
	return all, nil
}
