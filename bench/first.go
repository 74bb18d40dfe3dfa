package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// first measures a first load, from the vendor's answers to the committed table.
func (st *stage) first(ctx context.Context) error {
	if err := st.settleIn(ctx, "replace"); err != nil {
		return err
	}
	r := st.result("first", "postgres", int64(st.rows), atLeast(0.6))
	r.Aim = 1
	err := st.pair(ctx, r, func() (sample, error) {
		if err := errors.Join(st.blank(ctx), st.db.settle(ctx)); err != nil {
			return sample{}, err
		}
		s, err := st.load(ctx, st.layout.to, r)
		return s, errors.Join(err, st.complete(ctx))
	}, st.copy(ctx, r, "plain"), st.copy(ctx, r, "lineage"))
	return err
}

// firstFiles measures the same into Parquet on this disk.
func (st *stage) firstFiles(ctx context.Context) (err error) {
	st.home, err = st.newHome("home", st.feed.jobsTOML(st.layout, st.vendor.url, "driver = \"files\"\ndir = \"lake\"\nformat = \"parquet\"\n", "replace"))
	if err != nil {
		return err
	}
	r := st.result("first", "files", int64(st.rows), atLeast(0.6))
	r.Aim = 1
	return st.pair(ctx, r, func() (sample, error) {
		if err := errors.Join(st.home.forget(), st.db.settle(ctx)); err != nil {
			return sample{}, err
		}
		s, err := st.load(ctx, st.layout.to, r)
		if err != nil {
			return s, err
		}
		rows, err := parquetRows(filepath.Join(st.home.dir, "lake"))
		if err == nil && rows != st.truth {
			err = fmt.Errorf("the Parquet files have %d rows, the vendor has %d", rows, st.truth)
		}
		return s, err
	}, st.copy(ctx, r, "plain"))
}

// fromSpool measures a load whose rows wait on this disk, because the database kept
// exporter out when they were read.
func (st *stage) fromSpool(ctx context.Context) error {
	if err := st.settleIn(ctx, "replace"); err != nil {
		return err
	}
	r := st.result("spool", "postgres", int64(st.rows), atLeast(0.9))
	return st.pair(ctx, r, func() (sample, error) {
		if err := st.blank(ctx); err != nil {
			return sample{}, err
		}
		if err := st.fill(ctx, st.layout.to); err != nil {
			return sample{}, err
		}
		bytes, err := st.home.spooled()
		if err != nil {
			return sample{}, err
		}
		r.SpoolBytes, r.CSVBytes = bytes, st.csvSize
		s, err := st.drain(ctx, st.layout.to, r)
		return s, errors.Join(err, st.complete(ctx))
	}, st.copy(ctx, r, "plain"), st.copy(ctx, r, "lineage"))
}

// load measures a run of exporter, for a result.
func (st *stage) load(ctx context.Context, to string, r *result) (sample, error) {
	s, err := st.metered(func() (client, error) { return st.home.run(ctx, to, true) })
	if err == nil {
		err = st.keepProfile(ctx, r)
	}
	return s, err
}

// fill makes a spool that waits for the database.
func (st *stage) fill(ctx context.Context, to string) error {
	if err := st.db.lock(ctx, true); err != nil {
		return err
	}
	_, err := st.home.run(ctx, to, false)
	return errors.Join(err, st.db.lock(ctx, false))
}

// drain measures the run that loads such a spool. It may ask the vendor which
// customers there are, and nothing else.
func (st *stage) drain(ctx context.Context, to string, r *result) (sample, error) {
	before, err := st.vendor.sent(ctx)
	if err != nil {
		return sample{}, err
	}
	if err := st.db.settle(ctx); err != nil {
		return sample{}, err
	}
	s, err := st.load(ctx, to, r)
	if err != nil {
		return s, err
	}
	after, err := st.vendor.sent(ctx)
	if err == nil && after-before > 1000 {
		err = fmt.Errorf("the vendor was asked for %d bytes, though the rows were in the spool", after-before)
	}
	return s, err
}

// copy measures psql's \copy of all rows: into a table without lineage and index,
// or into one that has both.
func (st *stage) copy(ctx context.Context, r *result, table string) reference {
	into := &r.reference
	r.Reference.Name = `\copy`
	if table == "lineage" {
		into = &r.second
		r.Second.Name = `\copy with lineage and index`
	}
	return reference{into, func() (sample, error) {
		if err := st.db.do(ctx, "TRUNCATE ref."+table, "CHECKPOINT"); err != nil {
			return sample{}, err
		}
		s, err := st.metered(func() (client, error) {
			return st.db.psql(ctx, `\copy ref.`+table+` (`+strings.Join(st.columns, ", ")+`) FROM '`+st.csv+`' CSV`)
		})
		return s, errors.Join(err, st.holds(ctx, "ref."+table), st.db.do(ctx, "TRUNCATE ref."+table))
	}}
}
