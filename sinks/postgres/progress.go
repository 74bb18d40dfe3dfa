package postgres

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/sinks"
)

func (s *sink) progress() string { return ident(s.ledger, "progress") }

// settleProgress counts the slice among those of its part, after the slice's own row
// is written. What changes which tables the slice has, or where it ends, has them
// counted anew.
func (w *writer) settleProgress(b *pgx.Batch, before *sinks.Committed) {
	l := w.load
	rows, ok := l.Grows(before)
	if !ok {
		w.sink.recount(b, l.Slice.Job, l.Slice.Part)
		return
	}
	w.sink.lockProgress(b, l.Slice.Job, l.Slice.Part)
	start, _ := bounds(l.Slice)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		b.Queue(`INSERT INTO `+w.sink.progress()+` AS p (table_schema, job, part, table_name, starts_at, complete_through, last_load, last_check, rows)
			VALUES ($1, $2, $3, $4, $5, $5, $6, $6, $7)
			ON CONFLICT (table_schema, job, part, table_name) DO UPDATE SET last_load = greatest(p.last_load, excluded.last_load),
				rows = p.rows + excluded.rows`,
			w.sink.schema, l.Slice.Job, l.Slice.Part, name, start, w.loadedAt, rows[name])
	}
	w.sink.follow(b, l.Slice, w.loadedAt, !l.Provisional)
}

// lockProgress takes the rows of a job, of one part or of all, in the one order in which
// everybody takes them. What follows in the transaction sees what others have committed.
func (s *sink) lockProgress(b *pgx.Batch, job string, parts ...string) {
	where, args := s.progressOf(job, parts)
	b.Queue("SELECT FROM "+s.progress()+where+` ORDER BY part COLLATE "C", table_name COLLATE "C" FOR UPDATE`, args...)
}

// progressOf is the condition on rows of a job, of one part or of all.
func (s *sink) progressOf(job string, parts []string) (where string, args []any) {
	where, args = " WHERE table_schema = $1 AND job = $2", []any{s.schema, job}
	if len(parts) > 0 {
		where, args = where+" AND part = $3", append(args, parts[0])
	}
	return where, args
}

// follow moves complete_through of a part's tables after one of its slices was loaded
// or checked: from the slice's end on to the first gap or provisional slice. The rows
// are locked before, see lockProgress.
func (s *sink) follow(b *pgx.Batch, slice sinks.Slice, at time.Time, final bool) {
	start, end := bounds(slice)
	b.Queue(`UPDATE `+s.progress()+` p SET starts_at = least(p.starts_at, $4), last_check = greatest(p.last_check, $7),
		complete_through = CASE
			WHEN NOT $6::boolean THEN least(p.complete_through, $4)
			WHEN $4 > p.complete_through THEN p.complete_through
			WHEN $4 >= p.starts_at AND $4 < p.complete_through THEN p.complete_through
			WHEN $4 < p.starts_at AND $5 = p.starts_at THEN p.complete_through
			ELSE (WITH RECURSIVE walk (at) AS (
					SELECT $5::timestamptz
					UNION
					SELECT n.interval_end FROM walk JOIN `+s.slices()+` n
						ON n.table_schema = $1 AND n.job = $2 AND n.part = $3 AND n.interval_start = walk.at
					WHERE n.state = 'committed' AND NOT n.provisional AND n.tables ? p.table_name
				) SELECT max(at) FROM walk)
			END
		WHERE p.table_schema = $1 AND p.job = $2 AND p.part = $3 AND EXISTS (SELECT FROM `+s.slices()+` x
			WHERE x.table_schema = $1 AND x.job = $2 AND x.part = $3 AND x.interval_start = $4 AND x.tables ? p.table_name)`,
		s.schema, slice.Job, slice.Part, start, end, final, at)
}

// recount counts the slices of a job anew, of one part or of all.
func (s *sink) recount(b *pgx.Batch, job string, parts ...string) {
	s.lockProgress(b, job, parts...)
	where, args := s.progressOf(job, parts)
	b.Queue("DELETE FROM "+s.progress()+where, args...)
	b.Queue("INSERT INTO "+s.progress()+" SELECT * FROM "+ident(s.ledger, "progress_counted")+where, args...)
}

// recountJobs counts the slices of jobs anew in a transaction.
func (s *sink) recountJobs(ctx context.Context, tx pgx.Tx, jobs []string) error {
	var b pgx.Batch
	for _, job := range jobs {
		s.recount(&b, job)
	}
	return tx.SendBatch(ctx, &b).Close()
}
