package hasoffers

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The methods of Conversion that are called.
const (
	methodAll     = "findAll"
	methodUpdated = "findUpdatedConversions"
	methodAdded   = "findAddedConversions"
)

// request is one call of a method of Conversion.
type request struct {
	method   string
	filters  []filter // the job's
	window   *window  // nil = any time
	from, to string   // days, for the methods that take them
	keyset   bool
	after    int64 // keyset: ids greater than this
	upto     int64 // and not greater than this, 0 = no bound
	sort     []string
	limit    int
	page     int // 0 = not sent
}

// query writes the parameters, always in the same order. Where the vendor heeds
// only the last of two operators on one field, the one that is sent last is the
// one that leads on: later than, and greater than.
func (r request) query(fields []string) string {
	var q params
	for _, name := range fields {
		q.add("fields[]", name)
	}
	for _, f := range r.filters {
		q.filter(f)
	}
	if r.window != nil {
		q.add("filters[datetime][LESS_THAN]", r.window.to)
		q.add("filters[datetime][GREATER_THAN_OR_EQUAL_TO]", r.window.from)
	}
	if r.keyset {
		if r.upto > 0 {
			q.add("filters[id][LESS_THAN_OR_EQUAL_TO]", strconv.FormatInt(r.upto, 10))
		}
		q.add("filters[id][GREATER_THAN]", strconv.FormatInt(r.after, 10))
	}
	if r.from != "" {
		q.add("start_date", r.from)
		q.add("end_date", r.to)
	}
	for _, name := range r.sort {
		q.add("sort["+name+"]", "asc")
	}
	q.add("limit", strconv.Itoa(r.limit))
	if r.page > 0 {
		q.add("page", strconv.Itoa(r.page))
	}
	return q.String()
}

// params is a query string in the making.
type params struct{ strings.Builder }

func (q *params) add(name, value string) {
	if q.Len() > 0 {
		q.WriteByte('&')
	}
	q.WriteString(url.QueryEscape(name))
	q.WriteByte('=')
	q.WriteString(url.QueryEscape(value))
}

func (q *params) filter(f filter) {
	name := "filters[" + f.field + "]"
	switch {
	case f.operator != "":
		q.add(name+"["+f.operator+"]", f.values[0])
	case len(f.values) == 1:
		q.add(name, f.values[0])
	default:
		for _, v := range f.values {
			q.add(name+"[]", v)
		}
	}
}

// address returns the URL of a call without the credentials that are added when
// it is sent, but long enough to hold them.
func (s *source) address(method, query string) string {
	var q params
	q.add("Target", model)
	q.add("Method", method)
	q.add("NetworkId", s.config.NetworkID)
	if s.config.API == apiIntegrator {
		q.add("IntegratorId", s.config.IntegratorID)
	}
	return s.config.base() + "?" + q.String() + "&" + query
}

// days returns the first and the last day, in the zone, of a half-open interval.
func days(start, end time.Time, zone *time.Location) (first, last string) {
	return start.In(zone).Format(time.DateOnly), end.Add(-1).In(zone).Format(time.DateOnly)
}
