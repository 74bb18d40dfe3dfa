package hasoffers

import (
	"slices"

	"exporter/fault"
)

// pass is one reading of the slice from its first row to its last. There are
// several where a list of values is too long for one URL, and in the stream of
// updates, which has one per method and day.
type pass struct {
	method   string
	filters  []filter
	from, to string
	change   []byte // what the column of that name holds
}

// chunk cuts the longest list of values until the filters of every pass leave
// half of the URL to everything else. Every row matches exactly one pass.
func chunk(filters []filter, urlMax int) ([][]filter, error) {
	if len((request{filters: filters}).query(nil)) <= urlMax/2 {
		return [][]filter{filters}, nil
	}
	longest := -1
	for i, f := range filters {
		if len(f.values) > 1 && (longest < 0 || len(f.values) > len(filters[longest].values)) {
			longest = i
		}
	}
	if longest < 0 {
		return nil, fault.New(fault.Config, "filters do not fit into a request of %d bytes", urlMax).
			WithHint("Shorten the values in options.filters of the job, or raise url_max of the source.")
	}
	values := filters[longest].values
	var all [][]filter
	for _, half := range [][]string{values[:len(values)/2], values[len(values)/2:]} {
		part := slices.Clone(filters)
		part[longest].values = half
		chunks, err := chunk(part, urlMax)
		if err != nil {
			return nil, err
		}
		all = append(all, chunks...)
	}
	return all, nil
}

// parts cuts the fields into lists so short that no request is longer than
// urlMax. Each is read on its own and joined by id with the others.
func (s *source) parts(r request, fields []string, urlMax int) ([][]string, error) {
	fixed := len(s.address(r.method, r.query(nil)))
	if s.config.API == apiNetwork {
		fixed += len("&NetworkToken=") + len(s.config.NetworkToken.Reveal())
	}
	var all [][]string
	var part []string
	length := fixed
	for _, name := range fields {
		n := len("fields%5B%5D=&") + len(name)
		if length+n > urlMax && len(part) > 0 {
			all, part, length = append(all, part), nil, fixed
		}
		if length+n > urlMax {
			return nil, fault.New(fault.Config, "a request for field %s alone is longer than %d bytes", name, urlMax).
				WithHint("Shorten options.filters of the job, or raise url_max of the source; if the vendor refused the length, its gateway allows no more.")
		}
		part, length = append(part, name), length+n
	}
	return append(all, part), nil
}
