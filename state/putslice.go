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
		statements := make(map[string]*sql.Stmt) // closed with tx
		run := func(text string, values []any) (int64, error) {
			stmt, ok := statements[text]
			if !ok {
				var err error
				if stmt, err = tx.PrepareContext(ctx, text); err != nil {
					return 0, err
				}
				statements[text] = stmt
			}
			return rowsAffected(stmt.ExecContext(ctx, values...))
		}
		for _, v := range list {
			if err := put(ctx, tx, run, v, now); err != nil {
				return err
			}
		}
		return nil
	})
	return s.refused(ctx, err)
}

// putOne spares the commands around a transaction.
func (s *Store) putOne(ctx context.Context, v Slice, now time.Time) error {
	if err := s.takeTurn(ctx); err != nil {
		return s.classify(ctx, err, "store the work on slices")
	}
	defer s.endTurn()
	run := func(text string, values []any) (int64, error) { return s.execNow(ctx, s.quick, text, values...) }
	return s.refused(ctx, put(ctx, s.quick, run, v, now))
}

// put runs the statement for v with run, and asks db why if it changed nothing.
func put(ctx context.Context, db asker, run func(text string, values []any) (int64, error), v Slice, now time.Time) error {
	statements := upserts
	if v.Run == "" {
		statements = ledgerUpserts
	}
	text, ok := statements[v.State]
	if !ok {
		return fmt.Errorf("slice %s of run %q to state %q: %w", v.name(), v.Run, v.State, ErrTransition)
	}
	v.Updated = now
	values, err := v.values()
	if err != nil {
		return err
	}
	n, err := run(text, values)
	if err != nil {
		return fmt.Errorf("slice %s: %w", v.name(), err)
	}
	if n == 0 {
		return explain(ctx, db, v)
	}
	return nil
}

type asker interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// explain finds out why nothing was moved.
func explain(ctx context.Context, db asker, v Slice) error {
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
