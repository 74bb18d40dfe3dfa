package state

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"exporter/fault"
)

// exec runs one statement as a transaction of its own on db (s.full or s.quick)
// and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, db *sql.DB, query string, args ...any) (int64, error) {
	if err := s.takeTurn(ctx); err != nil {
		return 0, err
	}
	defer s.endTurn()
	return s.execNow(ctx, db, query, args...)
}

// execNow is exec for whoever has the turn.
func (s *Store) execNow(ctx context.Context, db *sql.DB, query string, args ...any) (int64, error) {
	key := prepared{db, query}
	stmt, ok := s.statements[key]
	if !ok {
		var err error
		if stmt, err = db.PrepareContext(ctx, query); err != nil {
			return 0, err
		}
		s.statements[key] = stmt
	}
	n, err := rowsAffected(stmt.ExecContext(ctx, args...))
	if err == nil {
		s.written.Store(true)
	}
	return n, err
}

// prepared names a statement that is kept: parsing takes longer than running. The
// texts are constants, so they are few.
type prepared struct {
	db   *sql.DB
	text string
}

func rowsAffected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// inTx runs f in an immediate transaction on db.
func (s *Store) inTx(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if undo := tx.Rollback(); !errors.Is(undo, sql.ErrTxDone) {
			err = errors.Join(err, undo)
		}
		return err
	}
	err = tx.Commit()
	if err == nil {
		s.written.Store(true)
	}
	return err
}

// turnMost is how long a goroutine waits until it may write. While another program keeps
// the state locked, each of those before it waits for that lock in vain: the scheduler
// would look as if it hung.
const turnMost = 10 * time.Second

var errNoTurn = fault.New(fault.Transient, "others of this process have waited for %s to write to the state", turnMost).
	WithHint("End the program that has the state open in a transaction (a database shell, a backup).")

// takeTurn waits until this goroutine may write to the state, and makes sure that it is there.
func (s *Store) takeTurn(ctx context.Context) error {
	if err := s.waitTurn(ctx); err != nil {
		return err
	}
	if err := s.there(); err != nil {
		s.endTurn()
		return err
	}
	return nil
}

func (s *Store) waitTurn(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	default:
	}
	most := time.NewTimer(turnMost)
	defer most.Stop()
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-most.C:
		return errNoTurn
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Store) endTurn() { <-s.turn }

// query reads all rows; scan reads the columns of one.
func query[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), text string, args ...any) (list []T, err error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// instant reads and writes a time as microseconds since 1970. The zero time keeps
// its own number (the year 1), so nothing needs NULL.
type instant time.Time

// Scan implements sql.Scanner.
func (i *instant) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return errors.New("a time is not an integer")
	}
	*i = instant(time.UnixMicro(n).UTC())
	return nil
}

func micros(t time.Time) int64 { return t.UnixMicro() }
