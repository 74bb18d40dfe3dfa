package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// reload measures the load of one slice that has changed, and then of the same one
// that has not. Beside it the same rows are replaced by hand.
func (st *stage) reload(ctx context.Context) error {
	return st.reloads(ctx, "", st.slice)
}

// slice is a load of one slice.
func (st *stage) slice(ctx context.Context, r *result) (sample, error) {
	if err := st.db.settle(ctx); err != nil {
		return sample{}, err
	}
	return st.load(ctx, st.layout.dayTo, r)
}

// reloadFromSpool measures the same when the slice's rows wait in the spool.
func (st *stage) reloadFromSpool(ctx context.Context) error {
	return st.reloads(ctx, "-spool", st.spooledSlice)
}

// spooledSlice is a load of one slice from the spool.
func (st *stage) spooledSlice(ctx context.Context, r *result) (sample, error) {
	if err := st.fill(ctx, st.layout.dayTo); err != nil {
		return sample{}, err
	}
	return st.drain(ctx, st.layout.dayTo, r)
}

func (st *stage) reloads(ctx context.Context, from string, load func(context.Context, *result) (sample, error)) error {
	if err := st.loaded(ctx, "replace"); err != nil {
		return err
	}
	slice, err := st.db.number(ctx, "SELECT _slice FROM exporter.slices ORDER BY interval_start LIMIT 1")
	if err != nil {
		return err
	}
	rows, err := st.db.number(ctx, fmt.Sprintf("SELECT count(*) FROM marketing.facts WHERE _slice = %d", slice))
	if err != nil {
		return err
	}
	file := filepath.Join(st.home.dir, "slice.bin")
	if err := st.db.dumpBinary(ctx, fmt.Sprintf("SELECT * FROM marketing.facts WHERE _slice = %d", slice), file); err != nil {
		return err
	}
	changed := st.result("changed"+from, "postgres", rows, atLeast(0.9))
	changed.Reference.Name = "DELETE + binary COPY"
	unchanged := st.result("unchanged"+from, "postgres", rows, atLeast(5))
	unchanged.Reference.Name = "the changed slice"
	set := "again"
	err = st.pair(ctx, changed, func() (sample, error) {
		if err := st.vendor.use(ctx, set); err != nil {
			return sample{}, err
		}
		set = map[string]string{"again": base, base: "again"}[set]
		one, err := st.expect(ctx, true, changed, load)
		if err != nil {
			return one, err
		}
		same, err := st.expect(ctx, false, unchanged, load)
		unchanged.exporter = append(unchanged.exporter, same)
		return one, errors.Join(err, st.complete(ctx), st.db.do(ctx, "VACUUM marketing.facts"))
	}, reference{&changed.reference, func() (sample, error) { return st.replaceByHand(ctx, slice, rows, file) }})
	if err != nil {
		return err
	}
	unchanged.reference = changed.exporter
	st.add(unchanged)
	return st.vendor.use(ctx, base)
}

// loaded makes a table with all rows, and a twin of it to work on by hand.
func (st *stage) loaded(ctx context.Context, write string) error {
	if err := errors.Join(st.vendor.use(ctx, base), st.settleIn(ctx, write)); err != nil {
		return err
	}
	if _, err := st.home.run(ctx, st.layout.to, true); err != nil {
		return err
	}
	return st.db.do(ctx, "DROP TABLE IF EXISTS ref.twin", "CREATE TABLE ref.twin (LIKE marketing.facts INCLUDING ALL)",
		"INSERT INTO ref.twin SELECT * FROM marketing.facts", "VACUUM ANALYZE marketing.facts", "VACUUM ANALYZE ref.twin")
}

// expect measures a load and looks whether it was one: rows that have changed are
// written, others are not.
func (st *stage) expect(ctx context.Context, change bool, r *result, load func(context.Context, *result) (sample, error)) (sample, error) {
	const loads = "SELECT max(loaded_at) FROM exporter.slices"
	before, err := st.db.text(ctx, loads)
	if err != nil {
		return sample{}, err
	}
	s, err := load(ctx, r)
	if err != nil {
		return s, err
	}
	after, err := st.db.text(ctx, loads)
	if err == nil && (after != before) != change {
		err = fmt.Errorf("rows were written: %v, want %v", after != before, change)
	}
	return s, err
}

// replaceByHand is what a person would write to replace a slice, given its rows in
// the server's own format: a DELETE and a COPY in one transaction, into a table with
// the columns and the indexes of exporter's.
func (st *stage) replaceByHand(ctx context.Context, slice, rows int64, file string) (sample, error) {
	if err := st.db.settle(ctx); err != nil {
		return sample{}, err
	}
	s, err := st.metered(func() (c client, err error) {
		began, cpu := time.Now(), ownCPU()
		conn, err := pgx.Connect(ctx, st.db.dsn)
		if err != nil {
			return c, err
		}
		defer func() { err = errors.Join(err, conn.Close(ctx)) }()
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			done, err := tx.Exec(ctx, "DELETE FROM ref.twin WHERE _slice = "+strconv.FormatInt(slice, 10))
			if err != nil {
				return err
			}
			if done.RowsAffected() != rows {
				return fmt.Errorf("%d rows were deleted, want %d", done.RowsAffected(), rows)
			}
			return copyBinary(ctx, tx, "ref.twin", file)
		})
		return client{wall: time.Since(began), cpu: ownCPU() - cpu}, err
	})
	return s, errors.Join(err, st.holds(ctx, "ref.twin"), st.db.do(ctx, "VACUUM ref.twin"))
}
