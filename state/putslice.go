package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"exporter/fault"
)

// upserts holds one statement per state a slice can be moved to: for a run, and
// for rows taken from a sink's ledger.
var upserts, ledgerUpserts = writeUpserts()

func writeUpserts() (byRun, byLedger map[string]string) {
	byRun, byLedger = make(map[string]string), make(map[string]string)
	for state, from := range before {
		allowed := `EXISTS (SELECT 1 FROM runs, lease WHERE runs.id = ?4 AND state = 'running' AND runs.epoch = lease.epoch)`
		if !slices.Contains(from, "") {
			allowed += ` AND EXISTS (SELECT 1 FROM slices WHERE job = ?1 AND interval_start = ?2 AND part = ?3)`
		}
		byRun[state] = upsert(allowed,
			`slices.state IN (`+quoted(from)+`) AND (slices.run = ?4 OR slices.state IN (`+quoted(atRest)+`))`)
	}
	for _, state := range atRest {
		byLedger[state] = upsert(`true`, `slices.state IN (`+quoted(atRest)+`)`)
	}
	return byRun, byLedger
}

func upsert(mayInsert, mayUpdate string) string {
	columns := strings.Split(sliceColumns, ",")
	values, sets := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		c = strings.TrimSpace(c)
		values[i] = fmt.Sprintf("?%d", i+1)
		sets[i] = c + " = excluded." + c
	}
	return `INSERT INTO slices (` + sliceColumns + `) SELECT ` + strings.Join(values, ", ") +
		` WHERE ` + mayInsert + ` ON CONFLICT DO UPDATE SET ` + strings.Join(sets[3:], ", ") + ` WHERE ` + mayUpdate
}

func quoted(states []string) string { return "'" + strings.Join(states, "', '") + "'" }

// PutSlice moves slices to their new states, all or none, and stores what is
// known of them. A power cut may take back the last second; the spool and the
// sinks' ledgers then tell the truth.
//
// It fails with [ErrStale] if the run of a slice is not running, and with
// [ErrTransition] if the states do not allow the move or another run works on
// the slice.
func (s *Store) PutSlice(ctx context.Context, list ...Slice) error {
	now := s.now()
	if len(list) == 1 {
		return s.putOne(ctx, list[0], now)
	}
	err := s.inTx(ctx, s.quick, func(tx *sql.Tx) error {
		for _, v := range list {
			v.Updated = now
			if err := put(ctx, tx, v); err != nil {
				return err
			}
		}
		return nil
	})
	return s.refused(ctx, err)
}

// putOne spares the commands around a transaction.
func (s *Store) putOne(ctx context.Context, v Slice, now time.Time) error {
	v.Updated = now
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	return s.refused(ctx, put(ctx, s.quick, v))
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func put(ctx context.Context, db execer, v Slice) error {
	statements := upserts
	if v.Run == "" {
		statements = ledgerUpserts
	}
	text, ok := statements[v.State]
	if !ok {
		return fmt.Errorf("slice %s of run %q to state %q: %w", v.name(), v.Run, v.State, ErrTransition)
	}
	values, err := v.values()
	if err != nil {
		return err
	}
	res, err := db.ExecContext(ctx, text, values...)
	if err != nil {
		return fmt.Errorf("slice %s: %w", v.name(), err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = explain(ctx, db, v)
	}
	return err
}

// explain finds out why nothing was moved.
func explain(ctx context.Context, db execer, v Slice) error {
	var running bool
	err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM runs, lease
		WHERE runs.id = ? AND state = 'running' AND runs.epoch = lease.epoch)`, v.Run).Scan(&running)
	if err != nil {
		return err
	}
	if v.Run != "" && !running {
		return stale(fmt.Sprintf("slice %s of run %s", v.name(), v.Run))
	}
	var state, run string
	err = db.QueryRowContext(ctx, `SELECT state, run FROM slices WHERE job = ? AND interval_start = ? AND part = ?`,
		v.Job, micros(v.Start), v.Part).Scan(&state, &run)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("slice %s from nothing to %s: %w", v.name(), v.State, ErrTransition)
	case err != nil:
		return err
	case run != v.Run && slices.Contains(inWork, state):
		return fault.New(fault.Transient, "slice %s: run %s works on it: %w", v.name(), run, ErrTransition).
			WithHint("Wait until that run has ended.")
	}
	return fmt.Errorf("slice %s from %s to %s: %w", v.name(), state, v.State, ErrTransition)
}

func (s *Store) refused(ctx context.Context, err error) error {
	if errors.Is(err, ErrStale) || errors.Is(err, ErrTransition) {
		return err
	}
	return s.classify(ctx, err, "store the work on slices")
}
