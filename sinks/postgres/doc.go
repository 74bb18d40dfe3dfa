// Package postgres is the sink that loads slices into tables of a PostgreSQL
// schema, with a ledger of what was loaded beside them.
//
// One load, step by step:
//
//	Begin   ensure     schemas and ledger, embedded migrations under an advisory lock
//	        fence      the slice's ledger row, fence raised by one; short transaction
//	        fit        per table: created, or missing columns added; own transaction
//	Write   open       BEGIN, lock the tables, DELETE the slice's rows        ─┐
//	        stream     COPY … FROM STDIN (FORMAT binary), table after table    │ one
//	Commit  count      rows copied = rows tallied                              │ transaction
//	        apply      of merge and snapshot, see below                        │
//	        constraints that are deferred are checked                  │
//	        settle     ledger rows (slice, restatements, run), only while      │
//	                   the fence is still ours; NOTIFY                         │
//	        COMMIT                                                            ─┘
//
// Write modes
//   - replace as above. append is the same without a DELETE: Begin refuses a slice
//     that is committed.
//   - merge copies into temporary tables. One INSERT … ON CONFLICT per table brings
//     in those of their rows that are new or differ; a unique index on the table's
//     key, made with the table, finds them.
//   - snapshot copies into temporary tables too, and compares them with the rows of
//     the slices of its job and part: those that differ are updated, missing ones
//     inserted, those that are no longer there marked in _absent_since or deleted.
//     A table may hold rows of one key for several jobs and parts.
//   - Rejects are replaced with their slice in every mode.
//
// Columns
//   - One that is missing is added. Values that the column of their name cannot hold
//     go to another, <column>__<type>, until its owner has altered the type; the load
//     says how. A wider column takes them where no value changes: numeric an integer.
//   - One that the load does not have gets null; so does, of a row that is replaced by
//     key, the column that had the value under the other type.
//   - A change is a transaction of its own, per table and kind: columns, whose lock
//     keeps readers out, and then the index, which takes long and does not. It waits
//     for readers a little longer than a second at a time.
//   - Every change is in the ledger's schema_changes.
//   - A table that its owner partitioned is like any other; it should have an index on
//     _slice.
//
// Invariants
//   - Readers see a slice's old rows and ledger row or the new ones, never a mixture.
//   - Of two writers of a slice only the one that began last commits: settling locks
//     the slice's ledger row by the fence.
//   - Loads into one table are serialised, by a lock of the process and then an
//     advisory lock of the database, both taken in one global order.
//   - A transaction waits for one kind of lock at a time: no deadlock is possible
//     between writers.
//   - A column's type is never altered, nothing is ever dropped, and a table that
//     has no _slice column is not ours and not touched.
//   - Nothing depends on the state of a session between transactions.
//
// PostgreSQL 12 or newer (the tests run on 15); the database's encoding must be UTF8.
package postgres
