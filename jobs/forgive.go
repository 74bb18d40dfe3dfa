package jobs

import (
	"context"
	"time"

	"exporter/jobs/config"
)

// Forgive forgets the pause that the vendor of a source asked for, and the limits that
// its refusals taught. It reports whether there was a pause, and how many limits. It
// fails while another process works on the state: that one knows them by heart.
func (e *Engine) Forgive(ctx context.Context, s *config.Source) (pause bool, limits int, err error) {
	if err := e.exclusive(ctx, "resume --source"); err != nil {
		return false, 0, err
	}
	u, err := e.state.Quota().Load(ctx, s.Credential)
	if err != nil {
		return false, 0, err
	}
	pause, limits = u.PausedUntil.After(e.o.Now()), len(u.Learned)
	if pause || limits > 0 {
		u.PausedUntil, u.PauseReason, u.Learned = time.Time{}, "", nil
		err = e.state.Quota().Save(ctx, s.Credential, u)
	}
	return pause, limits, err
}
