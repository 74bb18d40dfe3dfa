package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// errLeave ends a transaction that only tries something.
var errLeave = errors.New("nothing is to be kept")

// Check implements sinks.Sink: it does what a first load does, in a transaction
// that is rolled back. A file that is not there is not made.
func (s *sink) Check(ctx context.Context) error {
	missing, err := s.missing()
	if err == nil {
		err = s.checkFolder()
	}
	if err == nil && !missing {
		err = s.withConn(ctx, func(conn *sql.Conn) error {
			return s.inTx(ctx, conn, func() error { return s.try(ctx, conn) })
		})
	}
	if err != nil && !errors.Is(err, errLeave) {
		return fmt.Errorf("check sqlite sink: %w", err)
	}
	return nil
}

func (s *sink) try(ctx context.Context, conn *sql.Conn) error {
	if err := s.migrate(ctx, conn); err != nil {
		return err
	}
	probe := mainTable(ownPrefix + "check_" + strings.ToLower(rand.Text()[:12]))
	for _, text := range []string{
		"INSERT INTO " + slicesTable + " (_slice, job, part, interval_start, interval_end, fence) VALUES (-1, 'exporter check', '', '" + minusInfinity + "', '" + infinity + "', 0)",
		"CREATE TABLE " + probe + " (n INTEGER)",
	} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return s.wrap(ctx, err, "try to write")
		}
	}
	return errLeave
}
