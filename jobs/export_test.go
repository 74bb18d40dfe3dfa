package jobs

import "context"

// What black-box tests cannot reach: pure decisions, and one look of the scheduler
// at the clock.
var (
	FreeAt         = freeAt
	LastCompleteOf = lastComplete
	Resumable      = resumable
	Selects        = selects
	Unended        = unended
	UnderLimits    = underLimits
)

// Fire requests the runs that are due now.
func Fire(ctx context.Context, e *Engine) error { return (&server{Engine: e}).fire(ctx) }

// Resume requests the runs of what waited for quota until now.
func Resume(ctx context.Context, e *Engine) error { return (&server{Engine: e}).resume(ctx) }
