// Package owapro reads reports and their directories (customers, channels, report
// types) from OWAPro, the reporting API of Hurra.
//
// # API
//
// Reports are POST /api/report/dw_generate_report with a header configid and a
// JSON body; directories are GET /api/report/customer, customer_trackgroup and
// config. Reports are asked for as CSV and read as JSON where the server has no
// CSV (406, or a JSON answer). An answer is good only when its status is 1 and
// every block's status.code is 0; a bad one comes with HTTP 200 too.
//
// # One table, two formats
//
// What a column is, one JSON answer of page_limit 1 per definition tells:
// metric.format is the type, a dw_name_id makes a dimension two columns, label and
// id. It is kept in sources.Memory. CSV rows are brought to the same cells: a
// page that CSV does not determine (a label no dictionary knows, a number such as
// 1.234 where nothing tells the decimal mark, a header of unknown names) is read as
// JSON instead, and never guessed. A server without JSON has no probe: columns are
// text, date or numeric then. Trailing zeros of a fraction are dropped, because
// the formats print them differently, and line ends in texts are \n, which is what CSV
// leaves of them; percentages are stored as printed (12.5).
//
// # Paging
//
// page_number from 1, page_limit rows, sorted by every dimension. JSON says how
// many pages there are, mostly; where it does not, and in CSV, a short page is the
// last one. A short page whose length is a round number may be a server's own
// cap and is followed by one more request. A page equal to the one before is an
// error. Checkpoints are positions; resuming reads the last durable page again.
// Items, pages, and metrics' cnt and sum are reconciled with the rows read.
//
// # Time
//
// Reports know days only; what zone they are of is the account's setting and may
// be told with timezone. Filters are sent as absolute dates. Rows of other days
// than asked for are left out with a warning. Slices are customers times days.
//
// # What changes later, and deletion
//
// Costs and conversions of past days change for weeks, without a mark: read a
// lookback again and replace it. Rows vanish the same way. Directories are
// snapshots of the present.
//
// # Login and limits
//
// OAuth with a nested token answer, see tokens.go; a refresh token lasts a year,
// warnings begin 30 days before its end and only a person can renew it. Or a
// session cookie HASID. No limit is published; the default is 2 requests a second,
// 2 in flight.
package owapro
