package jobs

import (
	"context"
	"errors"

	"exporter/state"
)

// CloseAbandoned ends the runs of a process that was killed, as the next executor would:
// what they left is to be tried again. While somebody works on the state there are none.
func CloseAbandoned(ctx context.Context, st *state.Store) (err error) {
	lease, err := st.Acquire(ctx, "retry")
	if held := new(state.HeldError); errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release(context.WithoutCancel(ctx))) }()
	_, err = st.CloseZombies(ctx, lease.Epoch())
	return err
}

// Anew returns the request for a run of a job that failed or was cut short before it had
// planned a slice, if that is the newest that has begun or the newest of what is due:
// there are no slices of it to try again, only all that it was to do. A purge is asked
// for by nobody but a person who names what is to go.
func Anew(ctx context.Context, st *state.Store, job string) (request state.Run, ok bool, err error) {
	runs, err := st.Runs(ctx, job, recent)
	if err != nil {
		return request, false, err
	}
	newest := true
	for _, r := range runs {
		if r.Started.IsZero() { // withdrawn, or asked for just now
			continue
		}
		ended := r.State == state.RunFailed || r.State == state.RunInterrupted
		if (newest || wasDue(r)) && ended && r.Slices == 0 && r.Trigger != state.TriggerPurge {
			request = sameAs(r)
			if r.Trigger != state.TriggerBackfill {
				request.Trigger = state.TriggerRetry
			}
			return request, true, nil
		}
		if wasDue(r) {
			break
		}
		newest = false
	}
	return request, false, nil
}
