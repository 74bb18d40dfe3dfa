package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"exporter/fault"
	"exporter/sinks"
)

// fenced is a slice's place in the ledger.
type fenced struct {
	slice    int64
	fence    int64
	previous []string // tables that the last committed load filled
}

// fence registers the slice and takes it over from every writer that began
// before. What is committed keeps standing in its row. A job that has another name since
// is refused.
func (s *sink) fence(ctx context.Context, slice sinks.Slice) (fenced, error) {
	var f fenced
	var tables string
	start, end := bounds(slice)
	err := s.pool.QueryRow(ctx, `INSERT INTO `+s.slices()+` AS s (job, part, interval_start, interval_end, table_schema, fence)
		SELECT $1::text, $2::text, $3::timestamptz, $4::timestamptz, $5::text, 1 WHERE NOT EXISTS (SELECT FROM `+s.renames()+` WHERE table_schema = $5 AND job = $1)
		ON CONFLICT (table_schema, job, part, interval_start) DO UPDATE SET fence = s.fence + 1
		RETURNING _slice, fence, coalesce(tables::text, '')`,
		slice.Job, slice.Part, start, end, s.schema).Scan(&f.slice, &f.fence, &tables)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, s.renamed(ctx, slice.Job)
	}
	if err != nil {
		return f, s.rights(ctx, err, "fence slice %s %s in ledger %s", slice.Job, slice.Interval(), s.ledger)
	}
	states, err := sinks.ReadStates(tables)
	f.previous = slices.Sorted(maps.Keys(states))
	return f, err
}

// refuseCommitted refuses a slice that is committed still, its tables fitted.
func (s *sink) refuseCommitted(ctx context.Context, load sinks.Load, f fenced) error {
	var is bool
	err := s.pool.QueryRow(ctx, "SELECT state = 'committed' FROM "+s.slices()+" WHERE _slice = $1", f.slice).Scan(&is)
	if is {
		return load.Appended()
	}
	return s.wrap(ctx, err, "read slice %s %s in ledger %s", load.Slice.Job, load.Slice.Interval(), s.ledger)
}

func (s *sink) slices() string       { return ident(s.ledger, "slices") }
func (s *sink) runs() string         { return ident(s.ledger, "runs") }
func (s *sink) renames() string      { return ident(s.ledger, "renames") }
func (s *sink) restatements() string { return ident(s.ledger, "restatements") }

// bounds returns a slice's interval; one without bounds spans all time.
func bounds(slice sinks.Slice) (start, end pgtype.Timestamptz) {
	start = pgtype.Timestamptz{Time: slice.Start, Valid: true}
	end = pgtype.Timestamptz{Time: slice.End, Valid: true}
	if slice.Start.IsZero() {
		start = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
	}
	if slice.End.IsZero() {
		end = pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return start, end
}

// Committed implements sinks.Sink. A slice whose tables somebody dropped is not
// committed any more.
func (s *sink) Committed(ctx context.Context, job string, from, to time.Time) ([]sinks.Committed, error) {
	low, _ := bounds(sinks.Slice{Start: from})
	_, high := bounds(sinks.Slice{End: to})
	rows, err := s.pool.Query(ctx, `SELECT part, interval_start, interval_end, definition, coalesce(tables::text, ''), coalesce(rows_announced, -1),
		rows_read, rows_rejected, rows_written, provisional, loaded_at, checked_at
		FROM `+s.slices()+`
		WHERE job = $1 AND state = 'committed' AND interval_start >= $2 AND interval_start < $3 AND table_schema = $4
			AND NOT EXISTS (SELECT FROM jsonb_object_keys(tables) AS t (name)
				WHERE to_regclass(format('%I.%I', table_schema, t.name)) IS NULL)
		ORDER BY interval_start, part`, job, low, high, s.schema)
	if err == nil {
		var list []sinks.Committed
		if list, err = pgx.CollectRows(rows, scanCommitted); err == nil {
			for i := range list {
				list[i].Slice.Job = job
			}
			return list, nil
		}
	}
	if is(err, undefinedTable, undefinedSchema) {
		return nil, nil // nothing was ever loaded here
	}
	return nil, s.rights(ctx, err, "read slices of %s from ledger %s", job, s.ledger)
}

func scanCommitted(row pgx.CollectableRow) (sinks.Committed, error) {
	var c sinks.Committed
	var start, end pgtype.Timestamptz
	var tables string
	err := row.Scan(&c.Slice.Part, &start, &end, &c.Definition, &tables, &c.Announced,
		&c.Read, &c.Rejected, &c.Written, &c.Provisional, &c.LoadedAt, &c.CheckedAt)
	if err != nil {
		return c, err
	}
	if start.InfinityModifier == pgtype.Finite {
		c.Slice.Start = start.Time.UTC()
	}
	if end.InfinityModifier == pgtype.Finite {
		c.Slice.End = end.Time.UTC()
	}
	c.LoadedAt, c.CheckedAt = c.LoadedAt.UTC(), c.CheckedAt.UTC()
	c.Tables, err = sinks.ReadStates(tables)
	return c, err
}

// Checked implements sinks.Sink.
func (s *sink) Checked(ctx context.Context, slice sinks.Slice, at time.Time, provisional bool) error {
	changed, err := s.setChecked(ctx, slice, at, provisional)
	if is(err, undefinedTable) { // the ledger is older than this exporter
		if err = s.ensure(ctx); err == nil {
			changed, err = s.setChecked(ctx, slice, at, provisional)
		}
	}
	if err != nil {
		return s.rights(ctx, err, "record check of slice %s %s in ledger %s", slice.Job, slice.Interval(), s.ledger)
	}
	if changed == 0 {
		return fault.New(fault.Permanent, "record check of slice %s %s: ledger %s has no committed load of it", slice.Job, slice.Interval(), s.ledger).
			WithHint("Somebody removed it from the ledger. Load the slice again.")
	}
	return nil
}

func (s *sink) setChecked(ctx context.Context, slice sinks.Slice, at time.Time, provisional bool) (changed int64, err error) {
	start, _ := bounds(slice)
	var b pgx.Batch // one trip: a lookback checks many slices a night
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
	b.Queue(`UPDATE `+s.slices()+`
		SET checked_at = greatest(checked_at, $4), provisional = $5
		WHERE job = $1 AND part = $2 AND interval_start = $3 AND table_schema = $6 AND state = 'committed'`,
		slice.Job, slice.Part, start, at, provisional, s.schema)
	s.lockProgress(&b, slice.Job, slice.Part)
	s.follow(&b, slice, at, !provisional)
	b.Queue("COMMIT")
	results := s.pool.SendBatch(ctx, &b)
	_, began := results.Exec()
	tag, err := results.Exec()
	return tag.RowsAffected(), errors.Join(began, err, results.Close())
}
