// Package sqlite is the sink that loads slices into tables of one SQLite file,
// with a ledger of what was loaded beside them.
//
// One load, step by step:
//
//	Begin   prepare   the file, its write-ahead log             ─┐
//	        ensure    ledger, by embedded migrations             │ one short
//	        fence     the slice's ledger row, fence raised       │ transaction
//	        fit       tables made, or missing columns added     ─┘
//	Write   stage     rows go to temporary tables of the connection
//	Commit  count     rows staged = rows tallied
//	        check     is the fence still ours?                  ─┐ one
//	        apply     DELETE, INSERT … SELECT from the stage     │ transaction
//	        settle    ledger rows: slice, restatements, run      │
//	        COMMIT                                              ─┘
//
// SQLite lets one connection write at a time. Staging needs no lock, so loads
// stage side by side and a source that pauses keeps nobody waiting. It costs next
// to nothing, because a temporary table has no index and no log: 500,000 rows took
// 2.4 s, and 2.3 s without. The rows are in a private file that vanishes with the
// process, in the folder that SQLITE_TMPDIR or TMPDIR names, else /var/tmp.
//
// Write modes: replace deletes the slice's rows, append does not and refuses a
// slice that is committed. merge inserts what is new or differs, by a unique index
// on the table's key. snapshot compares with the rows of the slices of its job and
// part, and marks in _absent_since what is no longer there, or deletes it. Rejects
// are replaced with their slice in every mode.
//
// A column that is missing is added. Values that the column of their name cannot hold
// go to another, <column>__<type>, until somebody has made one of the two; the load
// says how. A column of numerics takes integers. Of a row that is replaced by key, the
// column that had the value under the other type gets null.
//
// # Types
//
// A column is declared so that SQLite's own functions and comparisons are right:
//
//	Integer    INTEGER        64 bits
//	Numeric    DECIMAL REAL   see below
//	Float      REAL
//	Boolean    BOOLEAN        0 or 1
//	Date       DATE           text, 2026-03-01
//	Timestamp  TIMESTAMP      text, UTC, 2026-03-01 04:05:06.789, as datetime() writes it:
//	                          at >= datetime('now', '-1 day'), datetime(at, 'localtime')
//	LocalTime  DATETIME       text of the same form, of a wall clock
//	Text       TEXT
//	JSON       JSON TEXT      as the vendor wrote it; json_extract() and ->> read it
//
// Texts of dates and times sort by time; a fraction of a second is written as far
// as it is not zero.
//
// A Numeric is exact and sorts as a number. It is stored as the floating-point
// number for which it is the shortest decimal: every decimal of up to 15 digits
// has one to itself, and so has every number that a vendor printed from a
// floating-point number. Two cells are equal if and only if the decimals are, and
// a > b, a / b, ORDER BY and sum() do what they say (as text, '9' would be greater
// than '10'; with SQLite's NUMERIC, 100 / 3 would be 33). The zeros that end a
// fraction are not kept. Other numbers, of more digits than that, are kept as BLOB of
// their decimal digits: CAST(n AS TEXT) shows them, sum() counts them, they sort
// last; typeof(n) = 'blob' finds them. sum() adds as SQLite does, in floating
// point; to the last digit adds, in the sqlite3 shell,
// decimal_sum(CAST(n AS TEXT)), and exact sums per slice are in the ledger.
//
// # Tables beside those of jobs
//
//	exporter_slices          the ledger; like exporter.slices of the Postgres sink
//	exporter_runs            history of runs
//	exporter_restatements    committed rows that were replaced by others
//	exporter_schema_changes  what was done to tables
//	exporter_freshness       a view: how far each table is loaded
//	exporter_columns         what tables and columns are: SQLite has no comments
//	exporter_schema_version  migrations of these
//
// Invariants
//   - Readers see a slice's old rows and ledger row or the new ones, never a
//     mixture, and never wait for a load.
//   - Of two writers of a slice only the one that began last commits.
//   - What COMMIT has returned for survives a power cut (synchronous = FULL).
//   - A column's type is never altered, nothing is ever dropped, and a table that
//     has no _slice column is not ours and not touched.
//
// The file must be on a local disk. Who only reads it needs the right to write to
// its folder while no exporter has it open, because SQLite keeps its log beside
// the file. Once no program has it open, the one file is everything.
package sqlite
