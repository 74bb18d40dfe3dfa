package hubrise

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"exporter/settings"
	"exporter/sources"
)

const (
	deepMonthly = "monthly"
	deepOff     = "off"
)

// Options are what a job can say about orders.
type Options struct {
	Locations []string `toml:"locations"` // ids; none = all the token sees
	Statuses  []string `toml:"statuses"`  // none = all
	// Filters are the vendor's own: created_by, customer_id, private_ref.
	Filters  map[string]string `toml:"filters"`
	Deep     string            `toml:"deep"` // how often the whole past is read again: monthly or off
	Raw      bool              `toml:"raw"`  // a column with the document
	PageSize int               `toml:"page_size"`
}

var (
	_ sources.Options = (*Options)(nil)
	_ sources.Paged   = (*Options)(nil)
)

// orderFilters are what the vendor filters orders by (sheet 3.1), besides what the
// slice and statuses are for.
var orderFilters = []string{"created_by", "customer_id", "private_ref"}

var (
	locationID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	statusName = regexp.MustCompile(`^[a-z][a-z_]*$`)
)

// Validate implements sources.Options.
func (o *Options) Validate() []settings.Problem {
	p := validateLocations(o.Locations)
	if o.Statuses != nil && len(o.Statuses) == 0 {
		p = append(p, settings.Problemf("statuses", "names none; name some, or take the line out for all"))
	}
	for i, status := range o.Statuses {
		key := fmt.Sprintf("statuses[%d]", i)
		switch {
		case !statusName.MatchString(status):
			p = append(p, settings.Problemf(key, "%q is not a status; write one such as \"completed\"", status))
		case slices.Contains(o.Statuses[:i], status):
			p = append(p, settings.Problemf(key, "%q is there twice; take one out", status))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Filters)) {
		key := "filters." + name
		switch {
		case name == "status":
			p = append(p, settings.Problemf(key, "is not asked of the vendor; write statuses = [%q]", o.Filters[name]))
		case !slices.Contains(orderFilters, name):
			p = append(p, settings.Problemf(key, "is no filter of orders; there is %s", strings.Join(orderFilters, ", ")))
		case o.Filters[name] == "":
			p = append(p, settings.Problemf(key, "is empty; write a value, or take it out"))
		}
	}
	if !slices.Contains([]string{"", deepMonthly, deepOff}, o.Deep) {
		p = append(p, settings.Problemf("deep", "%q is not known; write \"monthly\" to read the whole past again once a month, or \"off\"", o.Deep))
	}
	return append(p, validatePageSize(o.PageSize)...)
}

func validateLocations(ids []string) []settings.Problem {
	var p []settings.Problem
	if ids != nil && len(ids) == 0 {
		p = append(p, settings.Problemf("locations", "names none; name some ids, or take the line out for all the token sees"))
	}
	for i, id := range ids {
		key := fmt.Sprintf("locations[%d]", i)
		switch {
		case !locationID.MatchString(id):
			p = append(p, settings.Problemf(key, "%q is not the id of a location; write one such as \"3r4s3-1\", in lower case", id))
		case slices.Contains(ids[:i], id):
			p = append(p, settings.Problemf(key, "%q is there twice; take one out", id))
		}
	}
	return p
}

func validatePageSize(n int) []settings.Problem {
	if n < 0 || n > maxPageSize {
		return []settings.Problem{settings.Problemf("page_size", "%d rows per request is out of range; write 1 to %d, or take the line out for %d", n, maxPageSize, maxPageSize)}
	}
	return nil
}

// Fingerprint implements sources.Options. Which locations there are makes slices,
// and how often they are read changes no row.
func (o *Options) Fingerprint() string {
	statuses := slices.Sorted(slices.Values(o.Statuses))
	// Plain values always encode.
	text, _ := json.Marshal(struct {
		Statuses []string          `json:"statuses,omitempty"`
		Raw      bool              `json:"raw,omitempty"`
		Filters  map[string]string `json:"filters,omitempty"`
	}{statuses, o.Raw, o.Filters})
	return string(text)
}

// Rows implements sources.Paged.
func (o *Options) Rows() int { return o.PageSize }

// ListOptions are what a job can say about the snapshots.
type ListOptions struct {
	Locations []string `toml:"locations"` // ids; none = all the token sees
	PageSize  int      `toml:"page_size"`
}

var _ sources.Paged = (*ListOptions)(nil)

// Validate implements sources.Options.
func (o *ListOptions) Validate() []settings.Problem {
	return append(validateLocations(o.Locations), validatePageSize(o.PageSize)...)
}

// Fingerprint implements sources.Options: which locations are looked at changes the rows of a snapshot.
func (o *ListOptions) Fingerprint() string {
	text, _ := json.Marshal(slices.Sorted(slices.Values(o.Locations))) // strings always encode
	return string(text)
}

// Rows implements sources.Paged.
func (o *ListOptions) Rows() int { return o.PageSize }
