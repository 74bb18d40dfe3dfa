package owapro

import (
	"fmt"
	"time"
)

// Data is what the vendor has to report, all of it a function of seed, customer, day and trackgroup.
type Data struct {
	FirstDay string  `json:"first_day"` // YYYY-MM-DD, default 2026-01-01
	Days     int     `json:"days"`      // 0 = until today
	Now      string  `json:"now"`       // RFC 3339: the moment it is for relative dates and Days 0; "" = the clock
	Absent   float64 `json:"absent"`    // share of days on which a trackgroup has no row; default 0.1, negative = none
	Zero     float64 `json:"zero"`      // share of rows that are all 0; default 0.2, negative = none
	NullEach int     `json:"null_each"` // every n-th row has no value in the assist metrics; 0 = none

	Customers []Customer `json:"customers"` // default: 4711 and 4712
	Reports   []Report   `json:"reports"`   // default: 1 "Channels" and 2 "Formats"
}

// Customer is one the person who granted the token may or may not see.
type Customer struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`        // default "Customer <id>"
	Currency    string `json:"currency"`    // what "-C-" means, default EUR
	Trackgroups int    `json:"trackgroups"` // default 20
	Idle        int    `json:"idle"`        // so many trackgroups never have data (sheet: "simply not in the dict"); default 2, negative = none
	Tricky      bool   `json:"tricky"`      // labels with quotes, newlines, delimiters, numbers
	Forbidden   bool   `json:"forbidden"`   // sheet: Errors 403
	Removed     bool   `json:"removed"`     // sheet: Errors 410
}

// Report is a "config".
type Report struct {
	ID        int      `json:"id"`
	Name      string   `json:"name"`
	Required  []string `json:"required"`  // filters without which it is refused, default date
	Formats   bool     `json:"formats"`   // has metrics of every format, not only those of the channels report
	Forbidden bool     `json:"forbidden"` // sheet: Errors 403
	Removed   bool     `json:"removed"`   // sheet: Errors 410
}

func (d Data) withDefaults() Data {
	setDefault(&d.FirstDay, "2026-01-01")
	setDefault(&d.Absent, 0.1)
	setDefault(&d.Zero, 0.2)
	if len(d.Customers) == 0 {
		d.Customers = []Customer{{ID: 4711, Name: "Demo Shop"}, {ID: 4712, Name: "Gartenmöbel Süd", Currency: "USD"}}
	}
	d.Customers = append([]Customer(nil), d.Customers...)
	for i := range d.Customers {
		c := &d.Customers[i]
		setDefault(&c.Name, fmt.Sprintf("Customer %d", c.ID))
		setDefault(&c.Currency, "EUR")
		setDefault(&c.Trackgroups, 20)
		setDefault(&c.Idle, 2)
	}
	if len(d.Reports) == 0 {
		d.Reports = []Report{{ID: 1, Name: "Channels"}, {ID: 2, Name: "Formats", Formats: true}}
	}
	d.Reports = append([]Report(nil), d.Reports...)
	for i := range d.Reports {
		r := &d.Reports[i]
		setDefault(&r.Name, fmt.Sprintf("Report %d", r.ID))
		if r.Required == nil {
			r.Required = []string{"date"}
		}
	}
	return d
}

// maxTrackgroups bounds the trackgroups of a customer who is not the only one: ids
// of the next begin behind them.
const maxTrackgroups = 50_000

func (d Data) validate() error {
	if _, err := time.Parse(time.DateOnly, d.FirstDay); err != nil {
		return fmt.Errorf("data: first_day: %w", err)
	}
	if d.Now != "" {
		if _, err := time.Parse(time.RFC3339, d.Now); err != nil {
			return fmt.Errorf("data: now: %w", err)
		}
	}
	if d.Days < 0 || d.NullEach < 0 || d.Absent > 1 || d.Zero > 1 {
		return fmt.Errorf("data: days and null_each may not be negative, absent and zero not above 1")
	}
	customers := map[int]bool{}
	for _, c := range d.Customers {
		switch {
		case c.ID < 1 || customers[c.ID]:
			return fmt.Errorf("customer %d: want an id above 0 that is there once", c.ID)
		case c.Trackgroups < 0 || c.Trackgroups > maxTrackgroups && len(d.Customers) > 1:
			return fmt.Errorf("customer %d: trackgroups: want at most %d, or no other customer", c.ID, maxTrackgroups)
		case rates[c.Currency] == 0:
			return fmt.Errorf("customer %d: unknown currency %q", c.ID, c.Currency)
		}
		customers[c.ID] = true
	}
	reports := map[int]bool{}
	for _, r := range d.Reports {
		if r.ID < 1 || reports[r.ID] {
			return fmt.Errorf("report %d: want an id above 0 that is there once", r.ID)
		}
		reports[r.ID] = true
	}
	return nil
}

func (d Data) now() time.Time {
	if at, err := time.Parse(time.RFC3339, d.Now); err == nil {
		return at.UTC()
	}
	return time.Now().UTC()
}
