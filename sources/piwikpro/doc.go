// Package piwikpro reads Piwik PRO Analytics: reports (query), raw sessions and
// events, and the directories of apps and goals.
//
// # API
//
// Reports are POST /api/analytics/v1/{query,sessions,events}/ with the slash at
// the end, because a redirect would lose the body. Format is json, sampling is 1,
// limit and offset are always sent: without a limit 100 rows come and nothing says
// so. Directories are GET /api/apps/v2 and /api/analytics/v1/manage/goals/, which
// give 10 entries unless asked for more.
//
// # Columns
//
// Cells are mapped by position. meta.columns has to name what was asked for, in
// that order, transformations with their suffix (timestamp__to_date): a missing
// or another name is an error. Raw rows begin with columns nobody asks for, see
// rawDefaults. A cell of [id, label] becomes two columns. What a column is, the
// vendor's list tells (columns.txt); of the others the engine's own metadata are
// asked once and kept in sources.Memory; else a column is text, as it came.
// session_id and event_id have 64 bits without a sign and are numeric.
//
// # Paging
//
// Offsets, and nothing holds the rows still. Reports are sorted by every
// dimension, raw rows come by session_id although nobody promises it. Each page
// begins with the last row of the page before, which must be the same, and
// meta.count must not change: else fault.Drift. Checkpoints are positions;
// resuming reads the last durable page again. The vendor keeps answers of query
// for 10 minutes, so a restart within them may see the old rows.
//
// # Time
//
// All times are of the site's zone, without an offset. Whole days are asked for
// by date (both ends included), hours by datetime (the end excluded). Rows of
// other times than asked for are left out. The zone of every site is compared
// with that of the job's days.
//
// # What changes later, and deletion
//
// A session is there two hours after its end; late events enrich it, and until a
// clean-up about an hour later it is there twice, which makes a slice provisional.
// Whole months vanish at the end of the retention, without an error.
//
// # Login and limits
//
// Client credentials; expires_in is obeyed, there is no refresh token. 60 requests
// a minute that are no GET, 600 that are, for whatever endpoint.
package piwikpro
