package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"exporter/fault"
	"exporter/ratelimit"
)

// Quota keeps the usage of credentials for the limiters.
type Quota struct{ store *Store }

var _ ratelimit.Store = (*Quota)(nil)

// Quota returns the limiters' view of the state.
func (s *Store) Quota() *Quota { return &Quota{s} }

// Load implements [ratelimit.Store].
func (q *Quota) Load(ctx context.Context, credential string) (ratelimit.Usage, error) {
	var u ratelimit.Usage
	var text []byte
	err := q.store.read.QueryRowContext(ctx, `SELECT usage FROM quota WHERE credential = ?`, credential).Scan(&text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return u, nil
	case err != nil:
		return u, q.store.classify(ctx, err, "read quota usage")
	}
	if err := json.Unmarshal(text, &u); err != nil {
		return u, fault.New(fault.Permanent, "%s: row %q of table quota is damaged: %w", q.store.path, credential, err).
			WithHint("Nobody knows what is left of the quota, so nothing is sent. Let the longest of the limits pass, delete that row, and start again; or restore a backup of the state.")
	}
	return u, nil
}

// Save implements [ratelimit.Store]: durable before it returns.
func (q *Quota) Save(ctx context.Context, credential string, u ratelimit.Usage) error {
	text, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("write quota usage: %w", err)
	}
	_, err = q.store.exec(ctx, q.store.full, `
		INSERT INTO quota (credential, usage, saved) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET usage = excluded.usage, saved = excluded.saved`,
		credential, string(text), micros(q.store.now()))
	return q.store.classify(ctx, err, "write quota usage")
}

// Credentials returns those that have a usage, in the order of their names.
func (q *Quota) Credentials(ctx context.Context) ([]string, error) {
	list, err := query(ctx, q.store.read, func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, `SELECT credential FROM quota ORDER BY credential`)
	return list, q.store.classify(ctx, err, "read quota usage")
}
