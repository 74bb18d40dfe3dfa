package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exporter/sinks"
)

// edit is a statement that changes rows of a table.
type edit struct {
	what string // inserted, changed or deleted
	do   string
	of   string // FROM this come the rows that it is to change
}

// exec changes rows in the transaction of the load.
func (w *writer) exec(table string, e edit, args ...any) error {
	_, err := w.sink.edit(w.life, w.tx, table, e, args...)
	return err
}

// edit changes rows and returns how many. Where the table has triggers or rules of
// somebody's, which may leave rows out, it counts how many there should be, and refuses
// fewer.
func (s *sink) edit(ctx context.Context, tx pgx.Tx, table string, e edit, args ...any) (int64, error) {
	watched, err := s.watched(ctx, tx, table)
	if err != nil {
		return 0, err
	}
	var want int64
	if watched {
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+e.of, args...).Scan(&want); err != nil {
			return 0, fmt.Errorf("count rows to be %s: %w", e.what, err)
		}
	}
	tag, err := tx.Exec(ctx, e.do, args...)
	if err != nil {
		return 0, err
	}
	did := tag.RowsAffected()
	if watched && did != want {
		return did, sinks.Swallowed(table, e.what, did, want)
	}
	return did, nil
}

// watched reports whether a table, or a partition of it, has triggers or rules. Those
// of foreign keys leave no rows out.
func (s *sink) watched(ctx context.Context, tx pgx.Tx, table string) (is bool, err error) {
	err = tx.QueryRow(ctx, `WITH parts AS (SELECT to_regclass($1) AS id UNION SELECT relid FROM pg_partition_tree(to_regclass($1)))
		SELECT EXISTS (SELECT FROM pg_trigger, parts WHERE tgrelid = id AND NOT tgisinternal AND tgenabled <> 'D')
			OR EXISTS (SELECT FROM pg_rewrite, parts WHERE ev_class = id)`, ident(s.schema, table)).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("look for triggers of %s: %w", table, err)
	}
	return is, nil
}
