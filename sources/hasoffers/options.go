package hasoffers

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"exporter/settings"
	"exporter/sources"
)

// Values of paging and restate.
const (
	pagingKeyset   = "keyset"
	pagingPage     = "page"
	restateUpdates = "updates"
)

const defaultPageSize = 1000

// Options are what a job can say about either stream.
type Options struct {
	Fields   []string       `toml:"fields"`
	Filters  map[string]any `toml:"filters"`
	PageSize int            `toml:"page_size"`
	Paging   string         `toml:"paging"`  // "" = keyset, or page where the vendor refuses it
	Restate  string         `toml:"restate"` // updates: export again what was changed by hand
}

var (
	_ sources.Options = (*Options)(nil)
	_ sources.Paged   = (*Options)(nil)
)

// Rows implements sources.Paged.
func (o *Options) Rows() int { return o.PageSize }

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)

// Validate implements sources.Options.
func (o *Options) Validate() []settings.Problem {
	var p []settings.Problem
	if o.Fields != nil && len(o.Fields) == 0 {
		p = append(p, settings.Problemf("fields", "names no field; name some, or take the line out to get the usual ones"))
	}
	for i, name := range o.Fields {
		switch {
		case !fieldName.MatchString(name):
			p = append(p, settings.Problemf(fmt.Sprintf("fields[%d]", i), "%q is not a field of Conversion; write one such as \"payout\" (fields of other models are not read here)", name))
		case slices.Contains(o.Fields[:i], name):
			p = append(p, settings.Problemf(fmt.Sprintf("fields[%d]", i), "%q is there twice; take one out", name))
		}
	}
	p = append(p, o.validateFilters()...)
	if o.PageSize < 0 || o.PageSize > 100_000 {
		p = append(p, settings.Problemf("page_size", "%d rows per request is out of range; write 1 to 100000, usually 1000", o.PageSize))
	}
	if !slices.Contains([]string{"", pagingKeyset, pagingPage}, o.Paging) {
		p = append(p, settings.Problemf("paging", "%q is not a way of paging; write \"keyset\" or \"page\"", o.Paging))
	}
	if !slices.Contains([]string{"", restateUpdates}, o.Restate) {
		p = append(p, settings.Problemf("restate", "%q is not known; write \"updates\", or take the line out", o.Restate))
	}
	return p
}

// Fingerprint implements sources.Options: fields in their order, and filters.
// How rows are fetched does not change them.
func (o *Options) Fingerprint() string {
	// Maps are encoded in the order of their keys; TOML values always encode.
	text, _ := json.Marshal(struct {
		Fields  []string       `json:"fields"`
		Filters map[string]any `json:"filters,omitempty"`
	}{o.asked(), o.Filters})
	return string(text)
}

// asked returns the fields the table is made of.
func (o *Options) asked() []string {
	if len(o.Fields) > 0 {
		return o.Fields
	}
	return defaultFields()
}

func (o *Options) pageSize() int {
	if o.PageSize > 0 {
		return o.PageSize
	}
	return defaultPageSize
}
