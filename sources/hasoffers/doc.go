// Package hasoffers reads conversions from HasOffers (TUNE), over the Integrator
// API (OAuth with an audience, one token for all networks of an integrator) or
// over a network's own API (NetworkToken).
//
// # API
//
// Apiv3, GET with PHP-style query: Conversion::findAll, and
// Conversion::findUpdatedConversions and findAddedConversions for what people
// changed by hand. An answer is good only when response.status is 1; the
// gateway in front of the Integrator API answers with HTTP statuses instead, so
// both layers are looked at. Rows are an object keyed by id whose order carries
// meaning, hence it is streamed and never held as a map. Nearly every value is a
// string; "no value" is null, "" or a zero date, all of which become null.
//
// # Paging
//
//   - keyset (default): filters[id][GREATER_THAN] the last id, sort[id]=asc,
//     until a page is empty; then the vendor's count must equal the rows read.
//   - page: page numbers over the closed window, sorted by datetime and id; any
//     sign of rows that moved is fault.Drift. The vendor calls id deprecated:
//     where it is refused in filters, page is the fallback. What it cannot see is
//     as many rows going as come, between two pages: prefer keyset.
//
// The number of rows per page is the vendor's secret and may be less than asked
// for, so a short page is never taken for the last one.
//
// # Time
//
// datetime is the wall time of the network's zone and nothing says which one
// that is: the zone is a setting. Filters are wall times too. Near a clock change
// a bound is moved outwards by an hour or more, and every row is kept or trimmed by
// the instant its wall time stands for (record.Instant).
//
// # What changes later, and deletion
//
// status, payout, revenue and sale_amount change for weeks; there is no column
// that tells when. A lookback reads them again; findUpdatedConversions names the
// days touched by hand where it is permitted. Conversions are never deleted; one
// that is missing in a later read is no proof of anything.
//
// # Limits
//
// Network API: 50 calls in 10 s per network, counted with refused ones.
// Integrator API: agreed at set-up, for all networks together; the default here
// is 20 in 10 s and one call at a time. URLs are limited too (414): long field
// lists are read in several calls that are joined by id, long filter lists in
// several passes.
package hasoffers
