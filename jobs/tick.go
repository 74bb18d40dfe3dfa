package jobs

import "time"

// LastTick returns when the scheduler last looked at the clock and found what is
// due, zero if it has not begun. A serve that does not tick hangs, or drains.
func (e *Engine) LastTick() time.Time {
	if t := e.ticked.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

func (e *Engine) tick() {
	now := e.o.Now()
	e.ticked.Store(&now)
}
