package postgres

import (
	"fmt"

	"exporter/sinks"
)

// edit is a statement that changes rows of a table.
type edit struct {
	what string // inserted, changed or deleted
	do   string
	of   string // FROM this come the rows that it is to change
}

// exec changes rows. Where the table has triggers or rules of somebody's, which may
// leave rows out, it counts how many there should be, and refuses fewer.
func (w *writer) exec(table string, e edit, args ...any) error {
	watched, err := w.watched(table)
	if err != nil {
		return err
	}
	var want int64
	if watched {
		if err := w.tx.QueryRow(w.life, "SELECT count(*) FROM "+e.of, args...).Scan(&want); err != nil {
			return fmt.Errorf("count rows to be %s: %w", e.what, err)
		}
	}
	tag, err := w.tx.Exec(w.life, e.do, args...)
	if err != nil {
		return err
	}
	if did := tag.RowsAffected(); watched && did != want {
		return sinks.Swallowed(table, e.what, did, want)
	}
	return nil
}

// watched reports whether a table, or a partition of it, has triggers or rules. Those
// of foreign keys leave no rows out.
func (w *writer) watched(table string) (is bool, err error) {
	err = w.tx.QueryRow(w.life, `WITH parts AS (SELECT to_regclass($1) AS id UNION SELECT relid FROM pg_partition_tree(to_regclass($1)))
		SELECT EXISTS (SELECT FROM pg_trigger, parts WHERE tgrelid = id AND NOT tgisinternal AND tgenabled <> 'D')
			OR EXISTS (SELECT FROM pg_rewrite, parts WHERE ev_class = id)`, ident(w.sink.schema, table)).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("look for triggers of %s: %w", table, err)
	}
	return is, nil
}
