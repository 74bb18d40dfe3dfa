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

// ReadOnly makes SQLite refuse what is written, as on a file system that is read-only.
func ReadOnly(ctx context.Context, s *Store, on bool) error {
	for _, db := range []*sql.DB{s.full, s.quick} {
		if _, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA query_only = %t`, on)); err != nil {
			return err
		}
	}
	return nil
}

// HoldTurn lets nobody of this process write until it is freed.
func HoldTurn(s *Store) (free func()) {
	s.turn <- struct{}{}
	return s.endTurn
}

// AfterRestoreStep has f called after each step of a restore.
func AfterRestoreStep(f func()) { restoreStep = f }
