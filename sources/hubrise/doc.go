// Package hubrise reads orders, customers, catalogs and locations from HubRise, the
// hub between ordering channels and tills of restaurants and shops. API version 1.
//
// # API
//
// GET below base_url with the header X-Access-Token. A token belongs to one account
// or to one location and never expires; what it may see is its scope. The ids that
// come with it (account, location, catalog, customer list) are kept beside it.
//
// # Tables
//
// An order is a document. One pass over the orders fills ten tables: every element
// becomes a row of its own table with the ids of its account, location and order, and
// a slice replaces all of them together. Members nobody has planned for go to _extra.
// Money ("9.80 EUR") is a numeric column and its <column>_currency; decimals are
// strings or numbers and never pass through a float. An order that cannot be typed is
// a reject with its whole document, and has no rows elsewhere.
//
// # Paging
//
// Lists are arrays of at most 100; the header X-Cursor-Next, where there is one, asks
// for the next page. Neither the order of rows nor the life of a cursor is documented:
// a chain of cursors is bounded to one slice, a cursor that is refused restarts it,
// rows that come twice are left out, and one that changed in between restarts too.
// Checkpoints are positions, see cursor.go for what makes them safe.
//
// # Time
//
// Slices are windows of the time of creation; after is inclusive, before exclusive.
// Times come with an offset. A business date is the date at the location, shifted by
// its cutoff time.
//
// # What changes later, and deletion
//
// Orders change for days after they were created (status, payments, elements that are
// flagged deleted); nothing says which, so a lookback is read again. Anonymising a
// customer rewrites all their orders, however old: Changed asks for the whole past
// once a month. Customers, catalogs and locations are snapshots of the present.
//
// # Limits
//
// 500 a minute, 2,500 an hour, 10,000 a day and connection, in fixed windows; 10 a
// minute of the heavy calls: lists of orders and customers, whole catalogs.
package hubrise
