package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exporter/fault"
	"exporter/sinks"
)

// Commit implements sinks.Writer.
func (w *writer) Commit(ctx context.Context) (sinks.Receipt, error) {
	switch w.phase {
	case committed:
		return w.receipt, nil
	case ready, loading:
		if err := w.follow(ctx, w.conclude); err != nil {
			return sinks.Receipt{}, fmt.Errorf("commit load: %w", err)
		}
		w.send(ctx)
	case ended:
		return sinks.Receipt{}, fmt.Errorf("commit load: %w", w.over())
	case doubtful:
	}
	if w.phase == doubtful {
		w.resolve(ctx)
	}
	if w.phase != committed {
		return sinks.Receipt{}, fmt.Errorf("commit load: %w", w.failure)
	}
	return w.receipt, nil
}

// conclude checks that what the server took is what was announced, and settles.
func (w *writer) conclude() error {
	if err := w.finishStream(); err != nil {
		return err
	}
	if err := w.load.Reconcile(func(table string) int64 { return w.copied[table] }); err != nil {
		return err
	}
	if err := w.apply(); err != nil {
		return err
	}
	// What may wait for the end is checked now, while ctx can end it and no row of the
	// ledger is locked that others need.
	if _, err := w.tx.Exec(w.life, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return fmt.Errorf("check constraints: %w", err)
	}
	w.receipt = sinks.Receipt{Rows: w.load.Kept(), At: w.loadedAt.UTC()}
	return w.settle()
}

// send sends COMMIT. It is not called back once sent, so it does not end with ctx.
func (w *writer) send(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.sink.pace.cleanup)
	defer cancel()
	err := w.tx.Commit(ctx)
	switch {
	case err == nil:
		w.phase = committed
	case refused(err):
		err = w.sink.wrap(ctx, err, "commit transaction")
		w.failure = errors.Join(err, w.end(ctx, err))
		return
	default:
		w.phase, w.failure = doubtful, err
	}
	if err := w.release(ctx); err != nil {
		w.failure = errors.Join(w.failure, err)
	}
}

// refused reports whether the server said that it did not commit. A FATAL error
// may have come after the commit, when the server was told to stop.
func refused(err error) bool {
	var pg *pgconn.PgError
	return errors.Is(err, pgx.ErrTxCommitRollback) ||
		errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR"
}

// resolve finds out what became of a COMMIT whose reply was lost. It looks at
// least once, and again while ctx lasts.
func (w *writer) resolve(ctx context.Context) {
	look := func() (outcome, error) {
		o, err := w.look(ctx)
		if err != nil && fault.ClassOf(err) != fault.Transient {
			err = backoff.Permanent(err)
		}
		return o, err
	}
	o, err := backoff.Retry(ctx, look, w.sink.delays(), backoff.WithMaxTries(w.sink.pace.resolve))
	switch {
	case err != nil:
		w.failure = (&fault.Error{
			Class: fault.Transient, Msg: "the reply to COMMIT was lost and the ledger cannot be asked what became of it", Err: errors.Join(w.failure, err),
		}).WithHint("Readers see the old rows or the new, never both. Loading the slice again is safe.")
	case o.loadID == w.load.LoadID:
		w.phase, w.failure = committed, nil
	case o.fence != w.at.fence:
		w.phase, w.failure = ended, w.load.TakenOver()
	default:
		w.phase = ended
		w.failure = fault.New(fault.Transient, "the connection broke off before the slice was committed: %w", w.failure).
			WithHint("Nothing of this load was kept. Loading the slice again is safe.")
	}
}

// outcome is what the ledger says about a slice after a lost reply.
type outcome struct {
	loadID string
	fence  int64
}

// look reads the slice's ledger row. It waits for the row's
// lock: the lost transaction may not have ended yet.
func (w *writer) look(ctx context.Context) (outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.sink.pace.cleanup)
	defer cancel()
	var o outcome
	err := w.sink.pool.QueryRow(ctx, "SELECT coalesce(load_id, ''), fence FROM "+w.sink.slices()+" WHERE _slice = $1 FOR UPDATE", w.at.slice).Scan(&o.loadID, &o.fence)
	return o, w.sink.wrap(ctx, err, "look for the load in ledger %s", w.sink.ledger)
}

// delays are those between the tries of one step.
func (s *sink) delays() backoff.RetryOption {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = s.pace.first, s.pace.last
	return backoff.WithBackOff(b)
}

// Abort implements sinks.Writer.
func (w *writer) Abort(ctx context.Context) error {
	if w.phase == ready || w.phase == loading {
		return w.end(ctx, nil)
	}
	return nil
}

// end rolls back and gives up everything that is held.
func (w *writer) end(ctx context.Context, failure error) error {
	w.phase, w.failure = ended, failure
	return w.release(ctx)
}

// release rolls back what is not committed and gives connection and tables back.
func (w *writer) release(ctx context.Context) error {
	var err error
	if w.stream != nil {
		// A server that does not answer is not waited for.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.sink.pace.cleanup)
		stop := context.AfterFunc(ctx, func() { w.cancel(errAborted) })
		w.stream.abort()
		stop()
		cancel()
		w.stream = nil
	}
	if w.tx != nil {
		err = w.sink.rollback(ctx, w.tx)
	}
	if w.conn != nil {
		w.conn.Release()
	}
	if w.leave != nil {
		w.leave()
	}
	w.tx, w.conn, w.leave = nil, nil, nil
	w.cancel(nil)
	return err
}
