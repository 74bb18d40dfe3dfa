package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"exporter/sinks"
)

const progressTable = "main." + ownPrefix + "progress"

// settleProgress counts the slice among those of its part, after the slice's own row
// is written. What changes which tables the slice has, or where it ends, has them
// counted anew.
func (w *writer) settleProgress(ctx context.Context, before *sinks.Committed) error {
	l := w.load
	grows, ok := l.Grows(before)
	if !ok {
		return recount(ctx, w.conn, l.Slice.Job, l.Slice.Part)
	}
	start, _ := bounds(l.Slice)
	at := timeText(w.loadedAt)
	for name, rows := range grows {
		if err := w.exec(ctx, "write progress to the ledger", `INSERT INTO `+progressTable+` (job, part, table_name, starts_at, complete_through, last_load, last_check, rows)
			VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?5, ?6)
			ON CONFLICT (job, part, table_name) DO UPDATE SET last_load = max(last_load, excluded.last_load), rows = rows + excluded.rows`,
			l.Slice.Job, l.Slice.Part, name, start, at, rows); err != nil {
			return err
		}
	}
	return follow(ctx, w.conn, l.Slice, w.loadedAt, !l.Provisional)
}

// follow moves complete_through of a part's tables after one of its slices was loaded
// or checked: from the slice's end on to the first gap or provisional slice.
func follow(ctx context.Context, conn *sql.Conn, slice sinks.Slice, at time.Time, final bool) error {
	start, end := bounds(slice)
	_, err := conn.ExecContext(ctx, `UPDATE `+progressTable+` AS p SET starts_at = min(p.starts_at, ?3), last_check = max(p.last_check, ?6),
		complete_through = CASE
			WHEN NOT ?5 THEN min(p.complete_through, ?3)
			WHEN ?3 > p.complete_through THEN p.complete_through
			WHEN ?3 >= p.starts_at AND ?3 < p.complete_through THEN p.complete_through
			WHEN ?3 < p.starts_at AND ?4 = p.starts_at THEN p.complete_through
			ELSE (WITH RECURSIVE walk (at) AS (
					SELECT ?4
					UNION
					SELECT n.interval_end FROM walk JOIN `+slicesTable+` AS n ON n.job = ?1 AND n.part = ?2 AND n.interval_start = walk.at
					WHERE n.state = 'committed' AND NOT n.provisional AND EXISTS (SELECT 1 FROM json_each(n.tables) AS t WHERE t.key = p.table_name)
				) SELECT max(at) FROM walk)
			END
		WHERE p.job = ?1 AND p.part = ?2 AND EXISTS (SELECT 1 FROM `+slicesTable+` AS x JOIN json_each(x.tables) AS t
			WHERE x.job = ?1 AND x.part = ?2 AND x.interval_start = ?3 AND t.key = p.table_name)`,
		slice.Job, slice.Part, start, end, final, timeText(at))
	if err != nil {
		return fmt.Errorf("write progress to the ledger: %w", err)
	}
	return nil
}

// counted returns the query that counts slices anew for progress; where is a condition
// on them. A view would look at all slices: SQLite does not hand the condition down.
func counted(where string) string {
	return `WITH loaded AS (
			SELECT s.job, s.part, t.key AS table_name, s.interval_start, s.interval_end, s.provisional, s.loaded_at, s.checked_at,
				json_extract(t.value, '$.rows') AS rows,
				lag(s.interval_end) OVER (PARTITION BY s.job, s.part, t.key ORDER BY s.interval_start) AS previous_end
			FROM ` + slicesTable + ` AS s JOIN json_each(s.tables) AS t
			WHERE s.state = 'committed' AND ` + where + `
		)
		SELECT job, part, table_name,
			min(interval_start) AS starts_at,
			coalesce(min(CASE WHEN interval_start <> previous_end THEN previous_end WHEN provisional THEN interval_start END), max(interval_end)) AS complete_through,
			max(loaded_at) AS last_load, max(checked_at) AS last_check, sum(rows) AS rows
		FROM loaded
		GROUP BY job, part, table_name`
}

// recount counts the slices of a job anew, of one part or of all.
func recount(ctx context.Context, conn *sql.Conn, job string, parts ...string) error {
	where, args := "job = ?", []any{job}
	if len(parts) > 0 {
		where, args = where+" AND part = ?", append(args, parts[0])
	}
	for _, text := range []string{"DELETE FROM " + progressTable + " WHERE " + where, "INSERT INTO " + progressTable + " " + counted(where)} {
		if _, err := conn.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("write progress to the ledger: %w", err)
		}
	}
	return nil
}
