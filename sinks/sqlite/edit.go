package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"exporter/sinks"
)

// edit is a statement that changes rows of a table.
type edit struct {
	what  string // inserted, changed or deleted; "" if it changes none of them
	do    string
	of    string // FROM this come the rows that it is to change
	given int    // how many of its parameters are in there, the first ones
}

// edit changes rows in the transaction of the load.
func (w *writer) edit(ctx context.Context, table string, e edit, args ...any) error {
	_, err := change(ctx, w.conn, table, e, args...)
	return err
}

// change changes rows and returns how many. Where the table has triggers of somebody's,
// which may leave rows out, it counts how many there should be, and refuses fewer.
func change(ctx context.Context, conn *sql.Conn, table string, e edit, args ...any) (did int64, err error) {
	watched := false
	if e.what != "" {
		err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE)", table).Scan(&watched)
		if err != nil {
			return 0, fmt.Errorf("look for triggers of %s: %w", table, err)
		}
	}
	var want int64
	if watched {
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+e.of, args[:e.given]...).Scan(&want); err != nil {
			return 0, fmt.Errorf("count rows to be %s: %w", e.what, err)
		}
	}
	res, err := conn.ExecContext(ctx, e.do, args...)
	if err != nil {
		return 0, err
	}
	did, err = res.RowsAffected()
	if err == nil && watched && did != want {
		err = sinks.Swallowed(table, e.what, did, want)
	}
	return did, err
}
