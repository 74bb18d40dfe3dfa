// Package state is the durable memory of one exporter: the executor lease, runs
// (requests and history), slices, firings, tokens and quota usage, in one
// embedded SQLite file.
//
// Any number of processes may open a state at the same time. Readers never wait
// and are never waited for (write-ahead log); writers take turns. One of them
// may be the executor: it holds the [Lease], and what it writes about runs is
// fenced by the lease's epoch or by its run, so a process that was paused and
// replaced changes nothing when it wakes up.
//
// The state may be lost. What is committed is known by the sinks' ledgers; a
// deleted file comes back empty and slices are filled in again from there. Lost
// for good are the history of runs, quota usage and tokens.
//
// # Runs
//
//	 Enqueue          Withdraw
//	─────────► queued ─────────────────────────► interrupted
//	              │                                  ▲
//	              │ NextQueued                       │ CloseZombies (older epoch)
//	              ▼                                  │
//	           running ──────────────────────────────┤
//	            │   ▲                                │
//	   Progress └───┘                                │
//	   Yield: back to queued                         │
//	              │ Finish                           │
//	              └──► succeeded failed partial parked interrupted
//
// # Slices
//
// The lower row and waiting are at rest, the others in work. A slice in work
// belongs to one running run and nobody else moves it.
//
//	             ┌────────────────── planned ◄── new, waiting and every state at rest
//	             │ spool is           │
//	             │ still whole        ▼
//	             │    ┌──────► extracting ◄──► waiting
//	             │    │ spool         │
//	             │    │ damaged,      ▼
//	             └────┼────────► extracted ──────────┐
//	                  │               │              │
//	                  │               ▼              │
//	                  └─────────── loading           │
//	                                  │              │
//	             ┌───────────┬────────┴──┬───────────┤
//	             ▼           ▼           ▼           ▼
//	at rest: committed  check_failed  failed      unchanged      interrupted
//
// Not drawn: waiting, failed and interrupted are reached from every state in work,
// the last two also from waiting. From failed and interrupted a further attempt of
// the same run may go on with extracting or, the spool being whole, with loading.
// check_failed is reached from extracting and extracted too, unchanged from
// loading. Every state may follow itself: progress, counted attempts.
//
// A slice that had waited for quota keeps its [Slice.WaitUntil] while a run works on
// it, and waits again if that run is interrupted.
//
// [Slice.Run] "" marks a row taken from a sink's ledger; it may set any state at
// rest, but not on a slice in work.
//
// Every change is one statement that has the old state in its WHERE clause.
// Times are stored as microseconds since 1970 UTC, durations are not stored.
package state
