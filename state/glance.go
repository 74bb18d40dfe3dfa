package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// glance is how many slices of a job a question of a status page looks at, the newest
// ones: its cost must not grow with their number.
const glance = 1000

// NewestComplete returns the newest interval of which every known slice is for good
// in each of these sinks, zero times if there is none among the newest slices.
func (s *Store) NewestComplete(ctx context.Context, job string, sinks []string) (start, end time.Time, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT interval_start, interval_end, provisional, sinks FROM slices
		WHERE job = ? ORDER BY interval_start DESC LIMIT ?`, job, glance)
	if err != nil {
		return start, end, s.classify(ctx, err, "read the newest slices of %s", job)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	whole, n := false, 0
	for rows.Next() {
		var from, to time.Time
		var provisional bool
		var in []byte
		if err := rows.Scan((*instant)(&from), (*instant)(&to), &provisional, &in); err != nil {
			return time.Time{}, time.Time{}, s.classify(ctx, err, "read the newest slices of %s", job)
		}
		if n > 0 && !from.Equal(start) && whole {
			return start, end, nil
		}
		if n == 0 || !from.Equal(start) {
			start, end, whole = from, to, true
		}
		n++
		whole = whole && !provisional && inAll(in, sinks)
	}
	if !whole || n == glance { // of the last interval not all slices were seen
		start, end = time.Time{}, time.Time{}
	}
	return start, end, s.classify(ctx, rows.Err(), "read the newest slices of %s", job)
}

// inAll reports whether a slice has been loaded into all of these sinks.
func inAll(encoded []byte, sinks []string) bool {
	var in map[string]SinkState
	if json.Unmarshal(encoded, &in) != nil {
		return false
	}
	for _, name := range sinks {
		if in[name].LoadedAt.IsZero() {
			return false
		}
	}
	return true
}

// OldestSlice returns where the oldest interval begins that is known of a job, zero if
// none is.
func (s *Store) OldestSlice(ctx context.Context, job string) (start time.Time, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT interval_start FROM slices WHERE job = ? ORDER BY interval_start LIMIT 1`, job).Scan((*instant)(&start))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return start, s.classify(ctx, err, "read the oldest slice of %s", job)
}

// Troubled returns those of the newest slices of a job in [from, to) that failed,
// failed a check, were interrupted or wait, newest first, limit at most.
func (s *Store) Troubled(ctx context.Context, job string, from, to time.Time, limit int) ([]Slice, error) {
	low, high := bounds(from, to)
	list, err := query(ctx, s.read, scanSlice, `SELECT `+sliceColumns+` FROM (
			SELECT * FROM slices WHERE job = ? AND interval_start >= ? AND interval_start < ? ORDER BY interval_start DESC LIMIT ?)
		WHERE state IN ('failed', 'check_failed', 'interrupted', 'waiting') ORDER BY interval_start DESC, part LIMIT ?`, job, low, high, glance, limit)
	return list, s.classify(ctx, err, "read the slices of %s", job)
}

// SliceGroup counts slices of one interval that are alike.
type SliceGroup struct {
	Start, End            time.Time
	State                 string
	Provisional, Outdated bool
	N                     int64
}

// SliceGroups counts the newest slices of a job that start in [from, to), most at
// most, by interval; oldest first. Outdated is what has another definition. If there
// are more, it returns where those it has counted begin.
func (s *Store) SliceGroups(ctx context.Context, job, definition string, from, to time.Time, most int) (list []SliceGroup, since time.Time, err error) {
	low, high := bounds(from, to)
	var n int64
	list, err = query(ctx, s.read, func(row scanner) (g SliceGroup, err error) {
		err = row.Scan((*instant)(&g.Start), (*instant)(&g.End), &g.State, &g.Provisional, &g.Outdated, &g.N)
		n += g.N
		return g, err
	}, `SELECT interval_start, max(interval_end), state, provisional, definition <> ?, count(*) FROM (
			SELECT interval_start, interval_end, state, provisional, definition FROM slices
			WHERE job = ? AND interval_start >= ? AND interval_start < ? ORDER BY interval_start DESC LIMIT ?)
		GROUP BY 1, 3, 4, 5 ORDER BY 1`, definition, job, low, high, most)
	if n == int64(most) && len(list) > 0 { // the first interval may be cut
		first := list[0].Start
		for len(list) > 0 && list[0].Start.Equal(first) {
			list = list[1:]
		}
		if since = first.Add(1); len(list) > 0 {
			since = list[0].Start
		}
	}
	return list, since, s.classify(ctx, err, "count the slices of %s", job)
}

// SlicesUpTo is Slices, and reports false without any of them if there are more than
// most.
func (s *Store) SlicesUpTo(ctx context.Context, job string, from, to time.Time, most int) ([]Slice, bool, error) {
	low, high := bounds(from, to)
	list, err := query(ctx, s.read, scanSlice, `SELECT `+sliceColumns+` FROM slices
		WHERE job = ? AND interval_start >= ? AND interval_start < ? ORDER BY interval_start, part LIMIT ?`, job, low, high, most+1)
	if err != nil || len(list) > most {
		return nil, false, s.classify(ctx, err, "read the slices of %s", job)
	}
	return list, true, nil
}

// Writable fails unless the state can be written now: it writes what stands there.
func (s *Store) Writable(ctx context.Context) error {
	_, err := s.exec(ctx, s.quick, `UPDATE lease SET id = id`)
	return s.classify(ctx, err, "write to the state")
}
