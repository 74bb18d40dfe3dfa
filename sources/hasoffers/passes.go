package hasoffers

import (
	"errors"
	"time"

	"exporter/record"
	"exporter/sources"
)

// conversions reads the stream of that name.
func (r *reader) conversions() error {
	filters, err := chunk(r.s.options.filters(), r.urlMax)
	if err != nil {
		return err
	}
	passes := make([]pass, len(filters))
	for i, f := range filters {
		passes[i] = pass{method: methodAll, filters: f}
	}
	if r.byPage() {
		return r.pages(passes)
	}
	if err := r.keyset(passes); !errors.Is(err, errFallback) {
		return err
	}
	return r.pages(passes)
}

// byPage tells how pages are read. A checkpoint is gone on with the way it was
// made, whatever the options say now.
func (r *reader) byPage() bool {
	if r.req.After.Kind != "" {
		return r.req.After.Kind == sources.Position
	}
	return r.s.options.Paging == pagingPage || r.s.noKeyset()
}

// updates reads what was changed and added by hand, day by day.
func (r *reader) updates() error {
	filters, err := chunk(r.s.options.filters(), r.urlMax)
	if err != nil {
		return err
	}
	var passes []pass
	end := r.req.Interval.End.In(r.s.zone)
	for day := midnight(r.req.Interval.Start.In(r.s.zone)); day.Before(end); day = midnight(day.AddDate(0, 0, 1)) {
		date := day.Format(time.DateOnly)
		for _, f := range filters {
			passes = append(passes,
				pass{method: methodUpdated, filters: f, from: date, to: date, change: []byte("updated")},
				pass{method: methodAdded, filters: f, from: date, to: date, change: []byte("added")})
		}
	}
	if len(passes) == 0 {
		return nil
	}
	return r.pages(passes)
}

// midnight returns the first moment of t's day, which is not 0:00 everywhere.
func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	first := time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	if first.Day() != d { // the clock skips midnight: the day begins at the change
		first = record.NextShift(first)
	}
	return first
}
