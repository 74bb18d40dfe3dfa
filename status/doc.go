// Package status is what an operator sees of a serve: the page of jobs and slices,
// the JSON API, the metrics and the health checks, on one loopback address.
//
// It reads the state and what its [Options] hand it, and changes nothing. There is
// no login, so it answers only requests that were sent to this machine under a name
// of this machine, or under one that the configuration allows.
//
// No request reads more than a bounded number of rows, however many slices there are.
package status
