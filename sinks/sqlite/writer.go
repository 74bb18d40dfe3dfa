package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// phase is where a writer stands:
//
//	ready ──► staging ──► done
//	  └─────────┴───────► ended
type phase int

const (
	ready   phase = iota // begun, nothing is held yet
	staging              // the connection and its temporary tables are there
	done                 // for good
	ended                // failed or aborted, nothing is held any more
)

// writer is one load. Not for concurrent use.
type writer struct {
	sink *sink
	load sinks.Load
	at   fenced
	fits map[string]sinks.Fit // by final name, rejects tables included

	phase   phase
	failure error // why it ended, for calls that come after
	receipt sinks.Receipt

	conn     *sql.Conn
	stages   []*stage // of tables
	rejects  []*stage // of their rejects; nil where there are none
	loadedAt time.Time
}

var _ sinks.Writer = (*writer)(nil)

func newWriter(s *sink, load sinks.Load, p prepared) *writer {
	return &writer{sink: s, load: load, at: p.at, fits: p.fits}
}

// Write implements sinks.Writer.
func (w *writer) Write(ctx context.Context, b *record.Batch) error {
	if b.Table < 0 || b.Table >= len(w.load.Tables) {
		return fault.New(fault.Permanent, "write batch: load has no table %d", b.Table)
	}
	if err := w.follow(ctx, func() error { return w.write(ctx, b) }); err != nil {
		return fmt.Errorf("load into %s: %w", w.load.Tables[b.Table].Name, err)
	}
	return nil
}

func (w *writer) write(ctx context.Context, b *record.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	s := w.stages[b.Table]
	if b.Rejects {
		s = w.rejects[b.Table]
	}
	if s == nil {
		return fault.New(fault.Data, "rows for %s, but none were announced", rejectsOf(w.load.Tables[b.Table].Name))
	}
	if b.Columns() != len(s.columns) {
		return fault.New(fault.Permanent, "batch has %d columns, the table has %d", b.Columns(), len(s.columns))
	}
	return s.add(ctx, w.conn, b)
}

// follow runs one step of the load with its connection open. After an error the
// load cannot go on.
func (w *writer) follow(ctx context.Context, step func() error) error {
	if w.phase != ready && w.phase != staging {
		return w.over()
	}
	err := error(nil)
	if ctx.Err() != nil {
		err = stopped(ctx)
	} else if err = w.open(ctx); err == nil {
		err = step()
	}
	if err != nil {
		err = w.sink.wrap(ctx, err, "write rows")
		w.end(err)
	}
	return err
}

// over explains why nothing more can be written.
func (w *writer) over() error {
	if w.failure != nil {
		return fmt.Errorf("load has ended already: %w", w.failure)
	}
	return fault.New(fault.Permanent, "load has been committed or aborted already")
}

// open gets a connection with a temporary table for each table. The transaction
// touches nothing else, so it locks nothing.
func (w *writer) open(ctx context.Context) (err error) {
	if w.phase == staging {
		return nil
	}
	missing, err := w.sink.missing()
	if err != nil {
		return err
	}
	if missing {
		return fault.New(fault.Transient, "%s was removed while the load was on its way", w.sink.path).
			WithHint("The load is tried again and makes a new file; slices that were in the old one need a backfill.")
	}
	w.phase = staging
	if w.conn, err = w.sink.db.Conn(ctx); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	w.stages, w.rejects = make([]*stage, len(w.load.Tables)), make([]*stage, len(w.load.Tables))
	for i, t := range w.load.Tables {
		if w.stages[i], err = newStage(ctx, w.conn, i, false, t.Shape, w.fits[t.Name]); err != nil {
			return err
		}
		if t.Rejected == 0 {
			continue
		}
		if w.rejects[i], err = newStage(ctx, w.conn, i, true, t.Shape.Rejects(), w.fits[rejectsOf(t.Name)]); err != nil {
			return err
		}
	}
	return nil
}

// Commit implements sinks.Writer.
func (w *writer) Commit(ctx context.Context) (sinks.Receipt, error) {
	if w.phase == done {
		return w.receipt, nil
	}
	if err := w.follow(ctx, func() error { return w.conclude(ctx) }); err != nil {
		return sinks.Receipt{}, fmt.Errorf("commit load: %w", err)
	}
	w.phase = done
	w.release()
	return w.receipt, nil
}

// conclude checks that what was staged is what was announced, and brings it in.
func (w *writer) conclude(ctx context.Context) error {
	if err := w.load.Reconcile(w.staged); err != nil {
		return err
	}
	if err := w.closeStages(); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, "COMMIT"); err != nil { // of the temporary tables
		return fmt.Errorf("end staging: %w", err)
	}
	return w.sink.inTx(ctx, w.conn, func() error {
		w.loadedAt = w.sink.now().UTC().Truncate(time.Microsecond)
		w.receipt = sinks.Receipt{Rows: w.load.Kept(), At: w.loadedAt}
		if err := w.settle(ctx); err != nil { // first: a load that was taken over copies nothing
			return err
		}
		return w.apply(ctx)
	})
}

// staged returns how many rows were staged for a table, or for its rejects.
func (w *writer) staged(table string) int64 {
	for i, t := range w.load.Tables {
		switch {
		case t.Name == table:
			return w.stages[i].rows
		case rejectsOf(t.Name) == table && w.rejects[i] != nil:
			return w.rejects[i].rows
		}
	}
	return 0
}

// Abort implements sinks.Writer.
func (w *writer) Abort(context.Context) error {
	if w.phase == ready || w.phase == staging {
		w.end(nil)
	}
	return nil
}

func (w *writer) end(failure error) {
	w.phase, w.failure = ended, failure
	w.release()
}

func (w *writer) closeStages() error {
	var errs []error
	for _, list := range [][]*stage{w.stages, w.rejects} {
		for _, s := range list {
			if s != nil {
				errs = append(errs, s.close())
			}
		}
	}
	return errors.Join(errs...)
}

// release gives everything up. What is not committed is rolled back with the
// connection.
func (w *writer) release() {
	// Closing a statement repeats the error that it ended with, which is known.
	_ = w.closeStages()
	if w.conn != nil {
		discard(w.conn)
		w.conn = nil
	}
}
