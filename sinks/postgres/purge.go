package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"exporter/sinks"
)

var _ sinks.Purger = (*sink)(nil)

// Purge implements sinks.Purger: one transaction. It takes the tables like a load
// does and then the slices' rows in the ledger, so that it waits for loads that are
// writing, and those that have only begun find their slice gone.
func (s *sink) Purge(ctx context.Context, p sinks.Purge) (sinks.Purged, error) {
	there, err := s.hasLedger(ctx)
	if err != nil || !there {
		return sinks.Purged{}, err
	}
	if err := s.ensure(ctx); err != nil {
		return sinks.Purged{}, fmt.Errorf("prepare ledger: %w", err)
	}
	var done sinks.Purged
	for tables := []string(nil); ; {
		var more []string
		done, more, err = s.purge(ctx, p, tables)
		if err != nil {
			return sinks.Purged{}, s.rights(ctx, err, "purge slices of %s from schema %s", p.Job, s.schema)
		}
		if more == nil {
			return done, nil
		}
		tables = more
	}
}

// Affected implements sinks.Purger.
func (s *sink) Affected(ctx context.Context, p sinks.Purge) (tables []string, err error) {
	there, err := s.hasLedger(ctx)
	if err != nil || !there {
		return nil, err
	}
	if err := s.ensure(ctx); err != nil {
		return nil, fmt.Errorf("prepare ledger: %w", err)
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, tables, err = s.purgeable(ctx, tx, p, "")
		return err
	})
	return tables, s.rights(ctx, err, "look for rows of %s in schema %s", p.Job, s.schema)
}

// hasLedger reports whether anything was ever loaded here.
func (s *sink) hasLedger(ctx context.Context) (there bool, err error) {
	err = s.pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", ident(s.ledger, "schema_version")).Scan(&there)
	return there, s.rights(ctx, err, "look for ledger %s", s.ledger)
}

// purge removes the slices if no others than the named tables have rows of them; else
// it does nothing and returns their tables.
func (s *sink) purge(ctx context.Context, p sinks.Purge, tables []string) (done sinks.Purged, more []string, err error) {
	keys := s.tableKeys(tables...)
	leave, err := s.queue.enter(ctx, keys)
	if err != nil {
		return done, nil, fmt.Errorf("wait for other loads: %w", err)
	}
	defer leave()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, loadSettings); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL DEFERRED"); err != nil {
			return err
		}
		if err := lockTables(ctx, tx, keys); err != nil {
			return err
		}
		ids, has, err := s.purgeable(ctx, tx, p, " FOR UPDATE")
		if err != nil {
			return err
		}
		if slices.ContainsFunc(has, func(t string) bool { return !slices.Contains(tables, t) }) {
			more = has
			return errTablesToLock
		}
		if done, err = s.deleteSlices(ctx, tx, ids, tables); err != nil {
			return err
		}
		return s.settlePurge(ctx, tx, p)
	})
	if errors.Is(err, errTablesToLock) {
		err = nil
	}
	return done, more, err
}

// errTablesToLock ends a transaction that has not locked all tables it needs.
var errTablesToLock = errors.New("tables to lock first")

// purgeable returns the slices in the ledger, locked or not, with the tables that have
// rows of them.
func (s *sink) purgeable(ctx context.Context, tx pgx.Tx, p sinks.Purge, lock string) (ids []int64, tables []string, err error) {
	low, _ := bounds(sinks.Slice{Start: p.From})
	_, high := bounds(sinks.Slice{End: p.To})
	rows, err := tx.Query(ctx, `SELECT _slice, coalesce(tables::text, '') FROM `+s.slices()+`
		WHERE table_schema = $1 AND job = $2 AND interval_start >= $3 AND interval_start < $4 ORDER BY _slice`+lock, s.schema, p.Job, low, high)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]bool{}
	var id int64
	var text string
	_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		states, err := sinks.ReadStates(text)
		for name := range states {
			names[name] = true
		}
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if err := s.leftOut(ctx, tx, ids, names); err != nil {
		return nil, nil, err
	}
	return ids, slices.Sorted(maps.Keys(names)), nil
}

// leftOut adds the tables that have rows of slices from earlier loads: a Merge and a
// Snapshot leave them where they are when the slice is loaded without the table.
func (s *sink) leftOut(ctx context.Context, tx pgx.Tx, ids []int64, names map[string]bool) error {
	rows, err := tx.Query(ctx, `SELECT DISTINCT table_name FROM `+ident(s.ledger, "schema_changes")+` WHERE table_schema = $1`, s.schema)
	if err != nil {
		return err
	}
	made, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	there, err := tablesWith(ctx, tx, s.schema, sliceColumn, made)
	if err != nil {
		return err
	}
	for _, name := range there {
		main := strings.TrimSuffix(name, sinks.RejectsSuffix)
		if names[name] || names[main] || len(ids) == 0 {
			continue
		}
		var has bool // of a table that this role may not read the rows are not its own
		if err := tx.QueryRow(ctx, "SELECT has_table_privilege($1, 'SELECT')", ident(s.schema, name)).Scan(&has); err != nil {
			return err
		}
		if has {
			if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+ident(s.schema, name)+" WHERE "+sliceColumn+" = ANY($1))", ids).Scan(&has); err != nil {
				return err
			}
		}
		if has {
			names[main] = true
		}
	}
	return nil
}

// deleteSlices deletes rows, rejects and ledger rows.
func (s *sink) deleteSlices(ctx context.Context, tx pgx.Tx, ids []int64, tables []string) (sinks.Purged, error) {
	var done sinks.Purged
	rejects := rejectsOfAll(tables)
	there, err := tablesWith(ctx, tx, s.schema, sliceColumn, slices.Concat(tables, rejects))
	if err != nil {
		return done, err
	}
	for _, table := range there {
		of := ident(s.schema, table) + " WHERE " + sliceColumn + " = ANY($1)"
		n, err := s.edit(ctx, tx, table, edit{"deleted", "DELETE FROM " + of, of}, ids)
		if err != nil {
			return done, fmt.Errorf("delete rows from %s: %w", table, err)
		}
		if slices.Contains(rejects, table) {
			done.Rejects += n
		} else {
			done.Rows += n
		}
	}
	tag, err := tx.Exec(ctx, "DELETE FROM "+s.slices()+" WHERE _slice = ANY($1)", ids)
	done.Slices = tag.RowsAffected()
	return done, err
}

func rejectsOfAll(tables []string) []string {
	list := make([]string, len(tables))
	for i, t := range tables {
		list[i] = rejectsOf(t)
	}
	return list
}

// settlePurge counts anew what the job has, and notes the run.
func (s *sink) settlePurge(ctx context.Context, tx pgx.Tx, p sinks.Purge) error {
	if err := s.recountJobs(ctx, tx, []string{p.Job}); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO `+s.runs()+` (table_schema, id, job, trigger, state, started_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (table_schema, id) DO NOTHING`, s.schema, p.Run, p.Job, p.Trigger, sinks.RunRunning, p.Started); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "SELECT pg_notify('exporter', $1)", p.Job+" "+sinks.Slice{Start: p.From, End: p.To}.Interval())
	return err
}
