package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// phase is where a writer stands:
//
//	ready ──► loading ──► committed
//	  │         │  └────► doubtful ──► committed
//	  └─────────┴──────────┴─────────► ended
type phase int

const (
	ready     phase = iota // begun, no transaction yet
	loading                // the transaction is open
	doubtful               // COMMIT was sent, its reply is lost
	committed              // for good
	ended                  // failed or aborted, nothing is held any more
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

	// The transaction outlives the calls that write into it, so it has a context
	// of its own; a call whose context ends takes it down.
	life   context.Context
	cancel context.CancelCauseFunc

	conn     *pgxpool.Conn
	tx       pgx.Tx
	leave    func() // gives up the tables
	loadedAt time.Time
	stream   *stream
	copied   map[string]int64 // rows by table, rejects tables included
}

var _ sinks.Writer = (*writer)(nil)

func newWriter(ctx context.Context, s *sink, load sinks.Load, at fenced, fits map[string]sinks.Fit) *writer {
	w := &writer{sink: s, load: load, at: at, fits: fits, copied: make(map[string]int64)}
	w.life, w.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return w
}

// Write implements sinks.Writer.
func (w *writer) Write(ctx context.Context, b *record.Batch) error {
	if b.Table < 0 || b.Table >= len(w.load.Tables) {
		return fault.New(fault.Permanent, "write batch: load has no table %d", b.Table)
	}
	if err := w.follow(ctx, func() error { return w.write(b) }); err != nil {
		return fmt.Errorf("load into %s.%s: %w", w.sink.schema, w.load.Tables[b.Table].Name, err)
	}
	return nil
}

func (w *writer) write(b *record.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	t := w.load.Tables[b.Table]
	name, shape := t.Name, t.Shape
	if b.Rejects {
		name, shape = rejectsOf(t.Name), t.Shape.Rejects()
	}
	if b.Columns() != len(shape.Columns) {
		return fault.New(fault.Permanent, "batch has %d columns, table %s has %d", b.Columns(), name, len(shape.Columns))
	}
	if b.Rejects && t.Rejected == 0 {
		return fault.New(fault.Data, "rows for %s, but none were announced", name)
	}
	if w.stream == nil || w.stream.table != name {
		if err := w.finishStream(); err != nil {
			return err
		}
		columns := w.fits[name].Shape.Columns
		enc := newEncoder(shape.Columns, columns, w.at.slice, w.loadedAt)
		into := ident(w.sink.schema, name)
		if w.load.Keyed() && !b.Rejects {
			into = stageOf(b.Table)
		}
		w.stream = startStream(w.life, w.tx, into, name, columns, enc)
	}
	return w.stream.push(b)
}

// finishStream ends the COPY in flight, if any, and counts its rows.
func (w *writer) finishStream() error {
	s := w.stream
	if s == nil {
		return nil
	}
	w.stream = nil
	copied, err := s.finish()
	if err != nil {
		return fmt.Errorf("copy into %s: %w", s.table, err)
	}
	if copied != s.rows {
		return sinks.Swallowed(s.table, "inserted", copied, s.rows)
	}
	w.copied[s.table] += copied
	return nil
}

// follow runs one step of the load under the caller's context, with the
// transaction open. After an error the load cannot go on.
func (w *writer) follow(ctx context.Context, step func() error) error {
	if w.phase != ready && w.phase != loading {
		return w.over()
	}
	err := error(nil)
	if ctx.Err() != nil {
		err = stopped(ctx)
	} else {
		stop := context.AfterFunc(ctx, func() { w.cancel(context.Cause(ctx)) })
		if err = w.open(); err == nil {
			err = step()
		}
		stop()
	}
	if err != nil {
		err = w.sink.wrap(ctx, err, "write rows")
		err = errors.Join(err, w.end(ctx, err))
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

// open begins the transaction: locks, then the deletion of the slice's rows.
func (w *writer) open() (err error) {
	if w.phase == loading {
		return nil
	}
	s := w.sink
	keys := s.tableKeys(w.load.Fills(w.at.previous)...)
	if w.leave, err = s.queue.enter(w.life, keys); err != nil {
		return fmt.Errorf("wait for other loads: %w", err)
	}
	w.phase = loading
	if w.conn, err = s.pool.Acquire(w.life); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if w.tx, err = w.conn.BeginTx(w.life, readCommitted); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if _, err = w.tx.Exec(w.life, loadSettings); err != nil {
		return fmt.Errorf("set up transaction: %w", err)
	}
	// Rows that are replaced are away for a moment, which keys to them may allow.
	if _, err = w.tx.Exec(w.life, "SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return fmt.Errorf("set up transaction: %w", err)
	}
	if err = lockTables(w.life, w.tx, keys); err != nil {
		return fmt.Errorf("wait for other loads: %w", err)
	}
	if err = w.tx.QueryRow(w.life, "SELECT clock_timestamp()").Scan(&w.loadedAt); err != nil {
		return fmt.Errorf("read clock: %w", err)
	}
	if err = w.clear(); err != nil {
		return err
	}
	return w.stage()
}

// loadSettings free the transaction from limits meant for people's queries: the
// caller's context bounds it. A client that vanished without a word is noticed
// within a minute, so that its locks do not stand in the way of the next attempt.
const loadSettings = `SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),
	set_config('tcp_keepalives_idle', '30', true), set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '3', true)`

// clear deletes the slice's rows.
func (w *writer) clear() error {
	there, err := w.tablesWith(sliceColumn, w.load.Cleared(w.at.previous))
	if err != nil {
		return err
	}
	for _, name := range there {
		of := ident(w.sink.schema, name) + " WHERE " + sliceColumn + " = $1"
		if err := w.exec(name, edit{"deleted", "DELETE FROM " + of, of}, w.at.slice); err != nil {
			return fmt.Errorf("delete the slice's rows from %s: %w", name, err)
		}
	}
	return nil
}

// tablesWith returns those of the named tables that are there and have a column.
func (w *writer) tablesWith(column string, names []string) ([]string, error) {
	return tablesWith(w.life, w.tx, w.sink.schema, column, names)
}

func tablesWith(ctx context.Context, tx pgx.Tx, schema, column string, names []string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT c.relname FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $3 AND NOT a.attisdropped
		WHERE n.nspname = $1 AND c.relname = ANY($2) AND c.relkind IN ('r', 'p') ORDER BY c.relname`,
		schema, names, column)
	if err != nil {
		return nil, fmt.Errorf("look for tables: %w", err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for tables: %w", err)
	}
	return there, nil
}
