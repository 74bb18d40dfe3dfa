package hasoffers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
	"exporter/sources/pageprint"
)

// Changed implements sources.Changer: the days, in the network's zone, of the
// conversions that people changed or added by hand since then.
func (s *source) Changed(ctx context.Context, stream string, since time.Time) ([]sources.Interval, error) {
	if s.options.Restate != restateUpdates || stream != streamConversions {
		return nil, nil
	}
	found := map[int32]bool{}
	for _, method := range []string{methodUpdated, methodAdded} {
		if err := s.changedBy(ctx, method, since, found); err != nil {
			if ctx.Err() != nil {
				err = stopped(ctx)
			}
			return nil, fmt.Errorf("ask for conversions changed by hand: %w", err)
		}
	}
	return s.merged(slices.Sorted(maps.Keys(found))), nil
}

// changedBy collects the days of the rows of one method.
func (s *source) changedBy(ctx context.Context, method string, since time.Time, found map[int32]bool) error {
	names := []string{fieldID, fieldDatetime}
	var scratch []byte
	var here, before pageprint.Sum // of the keys of this page and the one before
	d := newDecoder(model, names, func(r *row) error {
		scratch = append(append(scratch[:0], r.key...), r.value(0)...)
		here.Add(pageprint.Of(scratch))
		text := r.text(1)
		if len(text) < len(time.DateOnly) {
			return fault.New(fault.Data, "row %s has no datetime", r.key)
		}
		day, err := record.ParseDays(text[:len(time.DateOnly)])
		if err != nil {
			return fault.New(fault.Data, "row %s: datetime %q: %w", r.key, text, err)
		}
		found[day] = true
		return nil
	})
	first, last := days(since, s.now().Add(1), s.zone)
	// Rows that share a time may change places between pages, but not days.
	req := request{method: method, from: first, to: last, sort: []string{fieldDatetime}, limit: s.pageSize(), page: 1}
	for read := int64(0); ; req.page++ {
		got, err := s.ask(ctx, method, req.query(s.without(names)), d)
		if err != nil {
			return err
		}
		read += got.rows
		if got.rows > 0 && here == before {
			return fault.New(fault.Data, "page %d of %s repeats the page before it", req.page, method).
				WithHint("The vendor ignores the page number. Take restate out of the job's options, and use a longer lookback.")
		}
		before, here = here, pageprint.Sum{}
		switch {
		case got.count < 0 || read >= got.count:
			return nil
		case got.rows == 0:
			return fault.New(fault.Mismatch, "pages of %s end after %d of %d rows", method, read, got.count)
		}
	}
}

// merged turns sorted days into intervals, neighbours into one.
func (s *source) merged(found []int32) []sources.Interval {
	var all []sources.Interval
	for _, day := range found {
		noon := time.Unix(int64(day)*86400, 0).UTC()
		start := midnight(time.Date(noon.Year(), noon.Month(), noon.Day(), 12, 0, 0, 0, s.zone))
		end := midnight(time.Date(noon.Year(), noon.Month(), noon.Day()+1, 12, 0, 0, 0, s.zone))
		if n := len(all); n > 0 && all[n-1].End.Equal(start) {
			all[n-1].End = end
			continue
		}
		all = append(all, sources.Interval{Start: start, End: end})
	}
	return all
}
