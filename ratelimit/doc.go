// Package ratelimit keeps every request of a credential inside the limits its
// vendor set: N requests per window (several windows hold at once), requests in
// flight, and the pauses a vendor asks for with a 429.
//
// One [Limiter] belongs to one credential and is shared by all its workers, in
// all jobs. The order of a request is
//
//	permit, err := limiter.Acquire(ctx, ratelimit.Ask{})
//	defer permit.Release()   // the body is closed: the place in flight is free
//	... send, wait for the headers ...
//	permit.FirstByte()       // the vendor has counted it: its window starts
//
// # Why no window is ever exceeded
//
// A window of N per P has N slots. A request takes one slot before it is sent and
// the slot comes back P after the first byte of the answer (after the failure, if
// there was no answer). The vendor counted the request at some moment a, sent ≤ a
// ≤ first byte; the next request in the same slot is sent at first byte + P or
// later, so it is counted at a + P or later. Hence each slot is counted at most
// once, and all slots together at most N times, in any interval [x, x+P),
// wherever x lies and whatever the latencies. The price is one latency per
// window: the rate reached is N/(P + latency).
//
// A "fixed" window (the vendor's counter starts anew at the round minute or hour)
// is one such interval, so the same slots keep it too, without knowing the
// vendor's clock or zone. What is given up is the fresh N at the round minute: a
// window used up early comes back P after its use, not at the boundary. To use the
// boundary, a slot may also come back once the window that contains its first byte
// has ended by both clocks, which needs a margin for their difference; the place
// for it is ring.start.
//
// The slots guarantee, golang.org/x/time/rate paces: of a window of ten seconds or
// less half may go at once, the rest follow evenly, see newPace.
//
// # Who goes first
//
// Scheduled work goes before backfills ([Claim]). Of the permits given while a
// backfill waits every tenth is its own, and of windows of a minute or more it leaves
// a tenth free for scheduled work, which keeps a nightly run from finding the quota
// of the day used up. Among equals the job that was served longest ago is next.
//
// # Limits that are lower than promised
//
// A refusal ([Limiter.Throttled]) lowers a limit, never raises one above what is
// configured. A vendor that names its limits is believed for a day; a window of a
// length nobody configured is added. Of one that does not, the window most used is
// taken for the cause:
//
//	refused        limit = 7/10 of it, at most what was used without the refusal (the level)
//	each window    limit + 1/20 of what is configured, up to the level
//	at the level   held for 30 windows, 1 min to 1 h, twice as long if it is refused again
//	then           limit + 1/20 each window, as far as nothing is refused
//
// If no window was half used, the quota is shared with somebody or the vendor is
// busy: then there is no level, and nothing is held. Requests refused together are
// one refusal, because those sent before a limit was lowered tell nothing about it.
//
// # Restarts
//
// The slots survive a restart through a [Store]. A clean [Limiter.Close] writes
// them exactly. For crashes a mark is written ahead: a stored [Usage] says how many
// more permits may be given, and until when, before the next one is written;
// whoever loads it counts all of those as used. At most a tenth of the smallest
// window (at least one permit) is lost that way, for one window.
//
// Times inside a limiter are nanoseconds of the monotonic clock since it was made;
// stored times are wall time. A stored time that lies in the future (the clock was
// set back) counts as now, so nobody waits longer than one window for it. What was
// learned is kept for a day at most. A clock that is set while the limiter is there,
// or a machine that sleeps, takes what is stored along. A clock set forward between
// two runs cannot be noticed: what seems to lie a window back counts no more, and
// where that is wrong the vendor refuses.
package ratelimit
