package state

import (
	"context"
	"database/sql"
	"fmt"
)

// LimitPages makes SQLite report a full disk at n pages, or at what the file has
// already.
func LimitPages(ctx context.Context, s *Store, n int) error {
	for _, db := range []*sql.DB{s.full, s.quick} {
		if _, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, n)); err != nil {
			return err
		}
	}
	return nil
}
