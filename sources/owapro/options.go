package owapro

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
	formatCSV  = "csv"
	formatJSON = "json"

	currencyOfCustomer = "-C-"
	fieldDate          = "date"
	fieldCustomer      = "customer"
	fieldCustomerID    = "customerid"
)

const maxPageSize = 100_000

const maxDecimals = 9

// Options are what a job can say about the report.
type Options struct {
	ConfigID   int64            `toml:"configid"`
	Dimensions []string         `toml:"dimensions"`
	Metrics    []string         `toml:"metrics"`
	Blocks     map[string]Block `toml:"blocks"` // instead of dimensions and metrics: one table each
	Currency   string           `toml:"currency"`
	Customers  []string         `toml:"customers"` // ids; none = all the login sees
	Filters    []Filter         `toml:"filters"`
	Format     string           `toml:"format"`
	CSV        CSV              `toml:"csv"`
	Decimals   *int             `toml:"decimals"` // that amounts are rounded to; nil = as they are sent
	PageSize   int              `toml:"page_size"`
}

// Block is one table of a report that has several.
type Block struct {
	Dimensions []string `toml:"dimensions" json:"dimensions"`
	Metrics    []string `toml:"metrics" json:"metrics"`
}

var (
	_ sources.Options = (*Options)(nil)
	_ sources.Paged   = (*Options)(nil)
)

var (
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
	customerID   = regexp.MustCompile(`^[0-9]{1,18}$`)
	blockName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,20}$`)
)

// Validate implements sources.Options.
func (o *Options) Validate() []settings.Problem {
	var p []settings.Problem
	if o.ConfigID < 1 {
		p = append(p, settings.Problemf("configid", "is needed; write the id of a report type, such as 1 for channels (the stream configs lists them)"))
	}
	p = append(p, o.validateBlocks()...)
	if o.Currency != "" && o.Currency != currencyOfCustomer && !currencyCode.MatchString(o.Currency) {
		p = append(p, settings.Problemf("currency", "%q is not a currency; write a code such as \"EUR\", or \"-C-\" for each customer's own", o.Currency))
	}
	p = append(p, validateCustomers(o.Customers)...)
	for i, f := range o.Filters {
		p = append(p, f.validate(fmt.Sprintf("filters[%d]", i))...)
	}
	if !slices.Contains([]string{"", formatCSV, formatJSON}, o.Format) {
		p = append(p, settings.Problemf("format", "%q is not a format; write \"csv\" or \"json\"", o.Format))
	}
	if o.Format == formatCSV && len(o.Blocks) > 0 {
		p = append(p, settings.Problemf("format", "several blocks come in one answer, which CSV cannot hold; take the line out"))
	}
	p = append(p, o.CSV.validate()...)
	if d := o.Decimals; d != nil && (*d < 0 || *d > maxDecimals) {
		p = append(p, settings.Problemf("decimals", "amounts cannot be rounded to %d decimals; write 0 to %d, usually 2, or take the line out to keep them as they are sent", *d, maxDecimals))
	}
	return append(p, validatePageSize(o.PageSize)...)
}

func (o *Options) validateBlocks() []settings.Problem {
	if len(o.Blocks) == 0 {
		return Block{o.Dimensions, o.Metrics}.validate("")
	}
	var p []settings.Problem
	if len(o.Dimensions)+len(o.Metrics) > 0 {
		p = append(p, settings.Problemf("blocks", "stand beside dimensions or metrics; move those into a block of their own"))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Blocks)) {
		if !blockName.MatchString(name) || name == "rejects" || strings.HasSuffix(name, "_rejects") {
			p = append(p, settings.Problemf("blocks."+name, "cannot be the end of a table's name; write a few lower case letters, digits and _, the first a letter"))
		}
		p = append(p, o.Blocks[name].validate("blocks."+name+".")...)
	}
	return p
}

func (b Block) validate(at string) []settings.Problem {
	var p []settings.Problem
	if len(b.Dimensions) == 0 {
		p = append(p, settings.Problemf(at+"dimensions", "a report needs a dimension at least; write [\"date\", …]"))
	}
	if len(b.Metrics) == 0 {
		p = append(p, settings.Problemf(at+"metrics", "a report needs a metric at least; write [\"sale_count\", …]"))
	}
	if len(b.Dimensions) > 0 && !slices.Contains(b.Dimensions, fieldDate) {
		p = append(p, settings.Problemf(at+"dimensions", "without \"date\" the rows of one day could not be told from another's; add it"))
	}
	all := b.names()
	for i, name := range all {
		key := fmt.Sprintf("%sdimensions[%d]", at, i)
		if i >= len(b.Dimensions) {
			key = fmt.Sprintf("%smetrics[%d]", at, i-len(b.Dimensions))
		}
		switch {
		case strings.TrimSpace(name) == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' && r != '\t' }):
			p = append(p, settings.Problemf(key, "%q is not a name of OWAPro; write one such as \"customer_trackgroup\"", name))
		case name == fieldCustomerID:
			p = append(p, settings.Problemf(key, "every row has its customer_id already; take it out, or write \"customer\" for the name too"))
		case slices.Contains(all[:i], name):
			p = append(p, settings.Problemf(key, "%q is there twice; take one out", name))
		}
	}
	return p
}

func (b Block) names() []string { return slices.Concat(b.Dimensions, b.Metrics) }

func validateCustomers(ids []string) []settings.Problem {
	var p []settings.Problem
	if ids != nil && len(ids) == 0 {
		p = append(p, settings.Problemf("customers", "names nobody; name some ids, or take the line out for all the login sees"))
	}
	for i, id := range ids {
		key := fmt.Sprintf("customers[%d]", i)
		switch {
		case !customerID.MatchString(id):
			p = append(p, settings.Problemf(key, "%q is not the id of a customer; write one such as \"4445\"", id))
		case slices.Contains(ids[:i], id):
			p = append(p, settings.Problemf(key, "%q is there twice; take one out", id))
		}
	}
	return p
}

func validatePageSize(n int) []settings.Problem {
	if n < 0 || n > maxPageSize {
		return []settings.Problem{settings.Problemf("page_size", "%d rows per request is out of range; write 1 to %d, usually %d", n, maxPageSize, defaultPageSize)}
	}
	return nil
}

// Fingerprint implements sources.Options. Which customers there are makes slices,
// and format and paging change no row.
func (o *Options) Fingerprint() string {
	// Maps are encoded in the order of their keys; TOML values always encode.
	text, _ := json.Marshal(struct {
		ConfigID int64            `json:"configid"`
		Blocks   map[string]Block `json:"blocks"`
		Currency string           `json:"currency"`
		Filters  []Filter         `json:"filters,omitempty"`
		Decimals *int             `json:"decimals,omitempty"`
	}{o.ConfigID, o.blocks(), o.currency(), o.Filters, o.Decimals})
	return string(text)
}

// Rows implements sources.Paged.
func (o *Options) Rows() int { return o.PageSize }

// blocks returns the tables to be; the only one of a plain report is called "".
func (o *Options) blocks() map[string]Block {
	if len(o.Blocks) > 0 {
		return o.Blocks
	}
	return map[string]Block{"": {o.Dimensions, o.Metrics}}
}

func (o *Options) currency() string {
	if o.Currency == "" {
		return "EUR"
	}
	return o.Currency
}

func pageSize(n int) int {
	if n > 0 {
		return n
	}
	return defaultPageSize
}

// ListOptions are what a job can say about a directory.
type ListOptions struct {
	PageSize int `toml:"page_size"`
}

var _ sources.Paged = (*ListOptions)(nil)

// Validate implements sources.Options.
func (o *ListOptions) Validate() []settings.Problem { return validatePageSize(o.PageSize) }

// Fingerprint implements sources.Options.
func (o *ListOptions) Fingerprint() string { return "" }

// Rows implements sources.Paged.
func (o *ListOptions) Rows() int { return o.PageSize }

// TrackgroupOptions are what a job can say about the directory of channels.
type TrackgroupOptions struct {
	Customers []string `toml:"customers"`
	PageSize  int      `toml:"page_size"`
}

var _ sources.Paged = (*TrackgroupOptions)(nil)

// Validate implements sources.Options.
func (o *TrackgroupOptions) Validate() []settings.Problem {
	return append(validateCustomers(o.Customers), validatePageSize(o.PageSize)...)
}

// Fingerprint implements sources.Options.
func (o *TrackgroupOptions) Fingerprint() string { return "" }

// Rows implements sources.Paged.
func (o *TrackgroupOptions) Rows() int { return o.PageSize }
