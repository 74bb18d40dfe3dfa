package jobs

import (
	"context"

	"exporter/state"
)

// Anew returns the request for the newest run of a job that has begun, if it failed or was
// cut short before it had planned a slice: there are no slices to try again, only all that
// it was to do. A purge is asked for by nobody but a person who names what is to go.
func Anew(ctx context.Context, st *state.Store, job string) (request state.Run, ok bool, err error) {
	runs, err := st.Runs(ctx, job, recent)
	if err != nil {
		return request, false, err
	}
	for _, r := range runs {
		if r.Started.IsZero() { // withdrawn, or asked for just now
			continue
		}
		ended := r.State == state.RunFailed || r.State == state.RunInterrupted
		if !ended || r.Slices > 0 || r.Trigger == state.TriggerPurge {
			break
		}
		request = sameAs(r)
		if r.Trigger != state.TriggerBackfill {
			request.Trigger = state.TriggerRetry
		}
		return request, true, nil
	}
	return request, false, nil
}
