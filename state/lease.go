package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"exporter/fault"
)

// HeldError says who executes this state now.
type HeldError struct {
	Holder string // "" if only the OS lock is held
	PID    int
	Since  time.Time
	Until  time.Time // of the last renewal
}

// Error implements error.
func (e *HeldError) Error() string {
	if e.Holder == "" {
		return "another process holds its lock"
	}
	return e.Who() + " executes it since " + e.Since.UTC().Format(time.RFC3339)
}

// Who names the process: "serve (pid 4711)".
func (e *HeldError) Who() string {
	if e.Holder == "" {
		return "another process"
	}
	return fmt.Sprintf("%s (pid %d)", e.Holder, e.PID)
}

// Lease is the right to execute runs. A goroutine of its own renews it until
// Release or until it is lost.
type Lease struct {
	store  *Store
	holder string
	epoch  int64
	lock   *fileLock // nil while the paused predecessor still has it
	lost   chan struct{}
	stop   context.CancelFunc
	ended  chan struct{}

	release sync.Once
	err     error
}

// Acquire takes the executor lease: at once if the last holder ended or died,
// with a raised epoch if it is held but expired (a paused process). If a live
// process has it, the error is a *[HeldError].
//
// That the holder died is known from its OS lock being free. This needs the lock
// file the holder named in its row; a holder without the lock (its predecessor is
// paused and still has it) counts as alive until its lease expires.
func (s *Store) Acquire(ctx context.Context, holder string) (*Lease, error) {
	deadline, cancel := context.WithTimeout(ctx, s.busy)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		l, err := s.tryAcquire(ctx, holder)
		if !errors.Is(err, errUndecided) {
			return l, err
		}
		select {
		case <-tick.C:
		case <-deadline.Done():
			if ctx.Err() != nil {
				return nil, fmt.Errorf("acquire the executor lease: %w", context.Cause(ctx))
			}
			return nil, held(&HeldError{}, s.path)
		}
	}
}

// errUndecided: somebody has the OS lock but no lease: it is about to take the
// lease or migrates, or its state file was deleted under it.
var errUndecided = errors.New("locked without a lease")

func (s *Store) tryAcquire(ctx context.Context, holder string) (*Lease, error) {
	lock, err := tryLock(s.lockPath())
	if err != nil {
		return nil, err
	}
	epoch, err := s.takeLease(ctx, holder, lock)
	if err != nil {
		return nil, errors.Join(err, lock.close())
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Lease{
		store: s, holder: holder, epoch: epoch, lock: lock,
		lost: make(chan struct{}), stop: stop, ended: make(chan struct{}),
	}
	go l.keep(run)
	return l, nil
}

func (s *Store) takeLease(ctx context.Context, holder string, lock *fileLock) (epoch int64, err error) {
	now := s.now()
	id := lock.identity()
	err = s.inTx(ctx, s.full, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `
			UPDATE lease SET holder = ?1, pid = ?2, epoch = epoch + 1, since = ?3, expires = ?4, lock = ?5
			WHERE CASE WHEN ?5 = '' THEN expires BETWEEN 1 AND ?3
			           ELSE expires <= ?3 OR lock = ?5 END
			RETURNING epoch`,
			holder, os.Getpid(), micros(now), micros(now.Add(s.expiry)), id).Scan(&epoch)
		if errors.Is(err, sql.ErrNoRows) {
			return s.holder(ctx, tx, lock != nil)
		}
		return err
	})
	if e := new(HeldError); errors.As(err, &e) || errors.Is(err, errUndecided) {
		return 0, err
	}
	return epoch, s.classify(ctx, err, "acquire the executor lease")
}

// holder tells why the lease cannot be had.
func (s *Store) holder(ctx context.Context, tx *sql.Tx, locked bool) error {
	var e HeldError
	var expires int64
	err := tx.QueryRowContext(ctx, `SELECT holder, pid, since, expires, expires FROM lease`).
		Scan(&e.Holder, &e.PID, (*instant)(&e.Since), (*instant)(&e.Until), &expires)
	switch {
	case err != nil:
		return err
	case expires == 0 && !locked:
		return errUndecided
	}
	return held(&e, s.path)
}

func held(e *HeldError, path string) error {
	return fault.New(fault.Transient, "acquire the executor lease of %s: %w", path, e).
		WithHint("Wait for that process or stop it. A request written to the state is executed by it.")
}

// Epoch returns the number of this lease: higher than those of all before it.
func (l *Lease) Epoch() int64 { return l.epoch }

// Lost is closed when another process has taken over, or when the lease could not
// be renewed until it expired. Work must stop then.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Check fails with [ErrLost] unless the lease is still this one. It narrows the
// time in which a replaced executor works on; the fences of sinks close it.
func (l *Lease) Check(ctx context.Context) error {
	var epoch int64
	var holder string
	err := l.store.read.QueryRowContext(ctx, `SELECT epoch, holder FROM lease WHERE expires > 0`).Scan(&epoch, &holder)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return lostTo("nobody")
	case err != nil:
		return l.store.classify(ctx, err, "check the executor lease")
	case epoch != l.epoch:
		return lostTo(holder)
	}
	return nil
}

func lostTo(holder string) error {
	return fault.New(fault.Interrupted, "%w to %s", ErrLost, holder).
		WithHint("This process was paused for longer than the lease lasts. The other one goes on with its work.")
}

// Release gives the lease back, so that the next executor need not wait. It is
// safe after Lost and more than once.
func (l *Lease) Release(ctx context.Context) error {
	l.release.Do(func() {
		l.stop()
		<-l.ended
		_, err := l.store.exec(ctx, l.store.full,
			`UPDATE lease SET expires = 0, lock = '' WHERE epoch = ? AND expires > 0`, l.epoch)
		l.err = errors.Join(l.store.classify(ctx, err, "release the executor lease"), l.lock.close())
	})
	return l.err
}
