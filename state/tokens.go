package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"exporter/settings"
	"exporter/sources/httpapi"
)

var _ httpapi.TokenStore = (*Store)(nil)

// TokenInfo is what may be shown of a stored token.
type TokenInfo struct {
	Key            string
	Expires        time.Time // of the access token; zero = never
	RefreshExpires time.Time // when a person has to log in again; zero = never, or not known
	Saved          time.Time
}

// secretToken is the encrypted form. It names its key, so that rows cannot be
// exchanged unnoticed, and holds plain strings, because a Secret encodes as
// REDACTED.
type secretToken struct {
	Key            string            `json:"key"`
	Access         string            `json:"access,omitempty"`
	Refresh        string            `json:"refresh,omitempty"`
	Expires        time.Time         `json:"expires,omitzero"`
	RefreshExpires time.Time         `json:"refresh_expires,omitzero"`
	Extra          map[string]string `json:"extra,omitempty"`
}

// LoadToken implements [httpapi.TokenStore].
func (s *Store) LoadToken(ctx context.Context, key string) (httpapi.Token, bool, error) {
	t, sealed, err := s.loadToken(ctx, key)
	return t, sealed != nil, err
}

// loadToken also returns the token as it is stored, nil if it is not.
func (s *Store) loadToken(ctx context.Context, key string) (httpapi.Token, []byte, error) {
	var recipient string
	var sealed []byte
	err := s.read.QueryRowContext(ctx, `SELECT recipient, value FROM tokens WHERE key = ?`, key).Scan(&recipient, &sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return httpapi.Token{}, nil, nil
	case err != nil:
		return httpapi.Token{}, nil, s.classify(ctx, err, "read the token of %s", key)
	}
	plain, err := s.keys.unseal(ctx, recipient, sealed)
	if err != nil {
		return httpapi.Token{}, nil, fmt.Errorf("read the token of %s: %w", key, err)
	}
	var t secretToken
	if err := json.Unmarshal(plain, &t); err != nil || t.Key != key {
		return httpapi.Token{}, nil, fmt.Errorf("read the token of %s: it is not one of this key", key)
	}
	return httpapi.Token{
		Access: settings.Secret(t.Access), Refresh: settings.Secret(t.Refresh),
		Expires: t.Expires, RefreshExpires: t.RefreshExpires, Extra: t.Extra,
	}, sealed, nil
}

// SaveToken implements [httpapi.TokenStore]: when it returns nil the new token is on
// disk.
func (s *Store) SaveToken(ctx context.Context, key string, t httpapi.Token) error {
	_, err := s.putToken(ctx, key, t, true, nil)
	return err
}

// ReplaceToken implements [httpapi.TokenStore], for processes that do not know of
// each other: when it returns true the new token is on disk.
func (s *Store) ReplaceToken(ctx context.Context, key string, old, t httpapi.Token) (bool, error) {
	now, sealed, err := s.loadToken(ctx, key)
	if err != nil || !now.Same(old) {
		return false, err
	}
	return s.putToken(ctx, key, t, false, sealed)
}

// putToken stores a token if any may be replaced, or what is stored is old, or
// nothing is.
func (s *Store) putToken(ctx context.Context, key string, t httpapi.Token, anyOld bool, old []byte) (bool, error) {
	plain, err := json.Marshal(secretToken{
		Key: key, Access: t.Access.Reveal(), Refresh: t.Refresh.Reveal(),
		Expires: t.Expires, RefreshExpires: t.RefreshExpires, Extra: t.Extra,
	})
	if err != nil {
		return false, fmt.Errorf("store the token of %s: %w", key, err)
	}
	recipient, sealed, err := s.keys.seal(ctx, plain)
	if err != nil {
		return false, fmt.Errorf("store the token of %s: %w", key, err)
	}
	n, err := s.exec(ctx, s.full, `
		INSERT INTO tokens (key, recipient, value, expires, refresh_expires, saved) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET recipient = excluded.recipient, value = excluded.value,
			expires = excluded.expires, refresh_expires = excluded.refresh_expires, saved = excluded.saved
		WHERE ? OR value = ?`,
		key, recipient, sealed, micros(t.Expires), micros(t.RefreshExpires), micros(s.now()), anyOld, old)
	return n == 1, s.classify(ctx, err, "store the token of %s", key)
}

// DeleteToken forgets a token; one that is not stored is no error.
func (s *Store) DeleteToken(ctx context.Context, key string) error {
	_, err := s.exec(ctx, s.full, `DELETE FROM tokens WHERE key = ?`, key)
	return s.classify(ctx, err, "forget the token of %s", key)
}

// Tokens lists the stored tokens by key, without their values; no key is needed.
func (s *Store) Tokens(ctx context.Context) ([]TokenInfo, error) {
	list, err := query(ctx, s.read, func(row scanner) (t TokenInfo, err error) {
		err = row.Scan(&t.Key, (*instant)(&t.Expires), (*instant)(&t.RefreshExpires), (*instant)(&t.Saved))
		return t, err
	}, `SELECT key, expires, refresh_expires, saved FROM tokens ORDER BY key`)
	return list, s.classify(ctx, err, "list tokens")
}
