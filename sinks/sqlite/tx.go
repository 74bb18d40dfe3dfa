package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/cenkalti/backoff/v5"
	sqlite3 "modernc.org/sqlite/lib"

	"exporter/fault"
)

// withConn runs do on a connection, which is closed if do fails: that rolls back
// whatever it began.
func (s *sink) withConn(ctx context.Context, do func(*sql.Conn) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.wrap(ctx, err, "open")
	}
	if err := do(conn); err != nil {
		discard(conn)
		return err
	}
	return s.wrap(ctx, conn.Close(), "give up connection")
}

// discard closes a connection for good, with its transaction and temporary tables.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // returns that very error
	_ = conn.Close()                                           // closed by now
}

// inTx runs do in a transaction that may write. After an error the connection must
// be discarded.
func (s *sink) inTx(ctx context.Context, conn *sql.Conn, do func() error) error {
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	if err := s.lock(ctx, conn); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return commit(ctx, conn)
}

// commit is not called back once begun, so it does not end with ctx.
func commit(ctx context.Context, conn *sql.Conn) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// lock begins a transaction that writes, waiting for other programs.
func (s *sink) lock(ctx context.Context, conn *sql.Conn) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	try := func() (struct{}, error) {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if err != nil && !is(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}
	_, err := backoff.Retry(ctx, try, backoff.WithBackOff(backoff.NewConstantBackOff(s.pace.poll)), backoff.WithMaxElapsedTime(s.pace.wait))
	if err != nil && ctx.Err() != nil { // it takes no time but that of waiting for others
		return fmt.Errorf("%s: another program keeps it locked: %w", s.path, stopped(ctx))
	}
	return s.wrap(ctx, err, "begin transaction")
}

func (s *sink) takeTurn(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for other loads: %w", stopped(ctx))
	}
}

func (s *sink) endTurn() { <-s.turn }

// enterWAL switches the file to a write-ahead log, which keeps readers and loads
// out of each other's way. The file remembers.
func (s *sink) enterWAL(ctx context.Context, conn *sql.Conn) error {
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA main.journal_mode").Scan(&mode); err != nil {
		return s.wrap(ctx, err, "read journal mode")
	}
	if mode == "wal" {
		return nil
	}
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	if err := conn.QueryRowContext(ctx, "PRAGMA main.journal_mode = WAL").Scan(&mode); err != nil {
		return s.wrap(ctx, err, "switch to a write-ahead log")
	}
	if mode != "wal" {
		return fault.New(fault.Config, "the file system of %s does not support shared memory (journal mode %s)", s.path, mode).
			WithHint("Keep the file on a local disk, not on a network share.")
	}
	return nil
}
