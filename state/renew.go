package state

import (
	"context"
	"errors"
	"time"
)

// keep renews the lease until ctx ends or the lease is lost.
func (l *Lease) keep(ctx context.Context) {
	defer close(l.ended)
	s := l.store
	renewed := s.now()
	tick := time.NewTicker(s.expiry / 3)
	defer tick.Stop()
	for {
		at := s.now()
		ours, err := l.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && ours:
			renewed = at
		case err == nil:
			l.lose(ctx, errTaken)
			return
		case s.now().Sub(renewed) >= s.expiry:
			l.lose(ctx, err)
			return
		default:
			s.log.WarnContext(ctx, "cannot renew the executor lease: when it expires this process must stop",
				"epoch", l.epoch, "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// renew reports whether the lease is still ours. A successor of a paused process
// gets the OS lock here, once that one has noticed and let go.
func (l *Lease) renew(ctx context.Context) (bool, error) {
	s := l.store
	ctx, cancel := context.WithTimeout(ctx, s.expiry/3)
	defer cancel()
	if l.lock == nil {
		lock, err := tryLock(s.lockPath())
		if err != nil {
			return true, err
		}
		l.lock = lock
	}
	n, err := s.exec(ctx, s.quick, `UPDATE lease SET expires = ?, lock = ? WHERE epoch = ? AND expires > 0`,
		micros(s.now().Add(s.expiry)), l.lock.identity(), l.epoch)
	return n == 1, s.classify(ctx, err, "renew the executor lease")
}

var errTaken = errors.New("another process has taken over")

// lose lets go of the OS lock before anybody is told, so that the successor gets
// it even if this process hangs afterwards.
func (l *Lease) lose(ctx context.Context, cause error) {
	err := errors.Join(cause, l.lock.close())
	l.lock = nil
	l.store.log.ErrorContext(ctx, "the executor lease is lost: this process must stop its work",
		"holder", l.holder, "epoch", l.epoch, "err", err)
	close(l.lost)
}
