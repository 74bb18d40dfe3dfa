package state

import (
	"context"
	"database/sql"
	"errors"
)

// Recall returns what a source remembered under key. A lost state has forgotten
// it: whatever is remembered must be possible to find out again.
func (s *Store) Recall(ctx context.Context, key string) (value []byte, ok bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT value FROM memory WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return value, err == nil, s.classify(ctx, err, "recall %s", key)
}

// Remember keeps value under key, durably, in the place of what was there.
func (s *Store) Remember(ctx context.Context, key string, value []byte) error {
	_, err := s.exec(ctx, s.full, `
		INSERT INTO memory (key, value, saved) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value, saved = excluded.saved`,
		key, value, micros(s.now()))
	return s.classify(ctx, err, "remember %s", key)
}
