package hubrise

import (
	"fmt"
	"slices"
	"time"
)

// Data is what the vendor knows, all of it a function of seed, location, day and number, plus what was mutated.
type Data struct {
	FirstDay string    `json:"first_day"` // YYYY-MM-DD in the zone of each location, default 2026-01-01
	Days     int       `json:"days"`      // 0 = until now
	Now      string    `json:"now"`       // RFC 3339: later orders are not there yet; "" = the clock
	Accounts []Account `json:"accounts"`  // default: 3r4s3 in EUR and ab4k2 in USD
	Odd      Odd       `json:"odd"`
}

// Odd is data no client hopes for. Each says for every how many orders (or customers) it happens; 0 = never.
type Odd struct {
	NoID          int `json:"no_id"`          // the order has no id
	NoCurrency    int `json:"no_currency"`    // total is "9.80"
	NumberTotal   int `json:"number_total"`   // total is 9.8
	NullTotal     int `json:"null_total"`     // total is null
	NullElements  int `json:"null_elements"`  // items and the other collections are null
	OtherCurrency int `json:"other_currency"` // total is in a currency that is not the account's
	NoCustomer    int `json:"no_customer"`    // customer is null instead of a guest without id
	NUL           int `json:"nul"`            // notes with U+0000, which no PostgreSQL text can hold
	Loose         int `json:"loose"`          // as bridges send it: option quantity "1" or none, no option price, charge ref and tax_rate as numbers
	Dirty         int `json:"dirty"`          // sheet: dirty data: bridge-made phones, masked e-mails, texts with quotes and line breaks
}

// Account has one currency.
type Account struct {
	ID        string     `json:"id"`       // default made up
	Name      string     `json:"name"`     // default "Account <id>"
	Currency  string     `json:"currency"` // default EUR
	Locations []Location `json:"locations"`
	Lists     []List     `json:"lists"`    // default: one of the account with 300 customers, one of the first location with 40
	Catalogs  []Catalog  `json:"catalogs"` // default: one of the account with 30 products, one of the first location with 8
}

// Location is a shop. Its id is the account's and a number.
type Location struct {
	ID     string `json:"id"`
	Name   string `json:"name"`   // default "Location <id>"
	Zone   string `json:"zone"`   // IANA name, default Europe/Paris
	Orders int    `json:"orders"` // about so many a day, at most 100,000; default 40, negative = none
}

// List is a customer list.
type List struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Location  string `json:"location"`  // "" = the account's
	Customers int    `json:"customers"` // negative = none
}

// Catalog is a menu.
type Catalog struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Location string `json:"location"` // "" = the account's
	Products int    `json:"products"` // negative = none
}

func (d Data) withDefaults() Data {
	setDefault(&d.FirstDay, "2026-01-01")
	if len(d.Accounts) == 0 {
		d.Accounts = []Account{
			{ID: "3r4s3", Name: "Bella Pizza", Locations: []Location{
				{Name: "Paris"}, {Name: "Saint-Denis", Zone: "Indian/Reunion"}, {Name: "Helsinki", Zone: "Europe/Helsinki"},
			}},
			{ID: "ab4k2", Name: "Harbour Grill", Currency: "USD", Locations: []Location{
				{Name: "New York", Zone: "America/New_York"}, {Name: "Phoenix", Zone: "America/Phoenix"},
			}},
		}
	}
	d.Accounts = slices.Clone(d.Accounts)
	for i := range d.Accounts {
		d.Accounts[i] = d.Accounts[i].withDefaults(i)
	}
	return d
}

func (a Account) withDefaults(n int) Account {
	setDefault(&a.ID, fmt.Sprintf("acc%02d", n))
	setDefault(&a.Name, "Account "+a.ID)
	setDefault(&a.Currency, "EUR")
	a.Locations = slices.Clone(a.Locations)
	for i := range a.Locations {
		l := &a.Locations[i]
		setDefault(&l.ID, fmt.Sprintf("%s-%d", a.ID, i+1))
		setDefault(&l.Name, "Location "+l.ID)
		setDefault(&l.Zone, "Europe/Paris")
		setDefault(&l.Orders, 40)
	}
	first := ""
	if len(a.Locations) > 0 {
		first = a.Locations[0].ID
	}
	if a.Lists == nil {
		a.Lists = []List{{Name: "Online customers", Customers: 300}, {Name: "POS customers", Location: first, Customers: 40}}
	}
	a.Lists = slices.Clone(a.Lists)
	for i := range a.Lists {
		setDefault(&a.Lists[i].ID, pickID(hashText(a.ID+" list"), uint64(i)))
		setDefault(&a.Lists[i].Name, "List "+a.Lists[i].ID)
	}
	if a.Catalogs == nil {
		a.Catalogs = []Catalog{{Name: "Common menu", Products: 30}, {Name: "Web", Location: first, Products: 8}}
	}
	a.Catalogs = slices.Clone(a.Catalogs)
	for i := range a.Catalogs {
		setDefault(&a.Catalogs[i].ID, pickID(hashText(a.ID+" catalog"), uint64(i)))
		setDefault(&a.Catalogs[i].Name, "Catalog "+a.Catalogs[i].ID)
	}
	return a
}

// Bounds that keep the ids of orders apart from each other.
const (
	maxLocations = 1 << 6
	maxDays      = 1 << 13
	maxOrders    = 100_000
	maxCustomers = 1 << 24
	maxProducts  = 10_000
)

func (d Data) validate() error {
	if _, err := time.Parse(time.DateOnly, d.FirstDay); err != nil {
		return fmt.Errorf("data: first_day: %w", err)
	}
	if d.Now != "" {
		if _, err := time.Parse(time.RFC3339, d.Now); err != nil {
			return fmt.Errorf("data: now: %w", err)
		}
	}
	if d.Days < 0 || d.Days > maxDays {
		return fmt.Errorf("data: days: want 0 to %d", maxDays)
	}
	o := d.Odd
	for _, n := range []int{o.NoID, o.NoCurrency, o.NumberTotal, o.NullTotal, o.NullElements, o.OtherCurrency, o.NoCustomer, o.NUL, o.Loose, o.Dirty} {
		if n < 0 {
			return fmt.Errorf("data: odd: negative number %d", n)
		}
	}
	seen := map[string]bool{}
	locations := 0
	for _, a := range d.Accounts {
		if err := a.validate(seen); err != nil {
			return fmt.Errorf("account %q: %w", a.ID, err)
		}
		locations += len(a.Locations)
	}
	if locations > maxLocations {
		return fmt.Errorf("data: %d locations, want at most %d", locations, maxLocations)
	}
	return nil
}

// validate reports the first mistake; seen are the ids there are already.
func (a Account) validate(seen map[string]bool) error {
	own := map[string]bool{"": true}
	ids := []string{a.ID}
	for _, l := range a.Locations {
		if _, err := time.LoadLocation(l.Zone); err != nil || l.Zone == "" || l.Zone == "Local" {
			return fmt.Errorf("location %q: zone %q is not known", l.ID, l.Zone)
		}
		if l.Orders > maxOrders {
			return fmt.Errorf("location %q: want at most %d orders", l.ID, maxOrders)
		}
		own[l.ID] = true
		ids = append(ids, l.ID)
	}
	for _, l := range a.Lists {
		if !own[l.Location] || l.Customers > maxCustomers {
			return fmt.Errorf("list %q: no location %q, or more than %d customers", l.ID, l.Location, maxCustomers)
		}
		ids = append(ids, "list "+l.ID)
	}
	for _, c := range a.Catalogs {
		if !own[c.Location] || c.Products > maxProducts {
			return fmt.Errorf("catalog %q: no location %q, or more than %d products", c.ID, c.Location, maxProducts)
		}
		ids = append(ids, "catalog "+c.ID)
	}
	for _, id := range ids {
		if seen[id] {
			return fmt.Errorf("id %q is there twice", id)
		}
		seen[id] = true
	}
	return nil
}

func (d Data) now() time.Time {
	if at, err := time.Parse(time.RFC3339, d.Now); err == nil {
		return at.UTC()
	}
	return time.Now().UTC()
}
