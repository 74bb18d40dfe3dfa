package hubrise

import (
	"slices"
	"sort"
	"time"
)

// world is what there is before anything was mutated. It is never changed.
type world struct {
	Data
	seed      uint64
	first     time.Time // midnight of the first day, UTC
	look      Answers
	client    string // created_by of most orders
	accounts  []*account
	locations []*location // of all accounts; the place is part of the ids of orders
	orders    idSpace
}

type account struct {
	Account
	locations []*location
	lists     []*list
	catalogs  []*catalog
}

type location struct {
	Location
	account *account
	zone    *time.Location
	n       int // in world.locations
	seed    uint64
}

type list struct {
	List
	account *account
	seed    uint64
	ids     idSpace
}

type catalog struct {
	Catalog
	account *account
	seed    uint64
}

func newWorld(seed uint64, cfg Config) *world {
	first, err := time.Parse(time.DateOnly, cfg.Data.FirstDay)
	if err != nil {
		panic(err) // validated before
	}
	w := &world{
		Data: cfg.Data, seed: seed, first: first, look: cfg.Answers, client: cfg.OAuth.Clients[0].Name,
		orders: idSpace{bits: 36, width: 7, salt: mix(seed, 36)},
	}
	for _, settings := range cfg.Data.Accounts {
		w.add(settings)
	}
	return w
}

func (w *world) add(settings Account) {
	a := &account{Account: settings}
	w.accounts = append(w.accounts, a)
	for _, settings := range settings.Locations {
		zone, err := time.LoadLocation(settings.Zone)
		if err != nil {
			panic(err) // validated before
		}
		l := &location{Location: settings, account: a, zone: zone, n: len(w.locations), seed: mix(w.seed, hashText(settings.ID))}
		a.locations = append(a.locations, l)
		w.locations = append(w.locations, l)
	}
	for _, settings := range settings.Lists {
		own := mix(w.seed, hashText("list "+settings.ID))
		settings.Customers = max(settings.Customers, 0)
		a.lists = append(a.lists, &list{List: settings, account: a, seed: own, ids: idSpace{bits: 25, width: 5, salt: own}})
	}
	for _, settings := range settings.Catalogs {
		settings.Products = max(settings.Products, 0)
		a.catalogs = append(a.catalogs, &catalog{Catalog: settings, account: a, seed: mix(w.seed, hashText("catalog "+settings.ID))})
	}
}

func (w *world) account(id string) *account {
	return find(w.accounts, func(a *account) bool { return a.ID == id })
}

func (w *world) location(id string) *location {
	return find(w.locations, func(l *location) bool { return l.ID == id })
}

func (w *world) list(id string) *list {
	for _, a := range w.accounts {
		if l := find(a.lists, func(l *list) bool { return l.ID == id }); l != nil {
			return l
		}
	}
	return nil
}

func (w *world) catalog(id string) *catalog {
	for _, a := range w.accounts {
		if c := find(a.catalogs, func(c *catalog) bool { return c.ID == id }); c != nil {
			return c
		}
	}
	return nil
}

// find returns the first element that fits, or nil.
func find[T any](all []*T, fits func(*T) bool) *T {
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i]
	}
	return nil
}

// day is one local day of a location: count orders spread over it evenly, whether it has 23, 24 or 25 hours.
type day struct {
	location *location
	n        int // from the first day
	start    int64
	length   int64 // seconds
	count    int
}

func (w *world) day(l *location, n int) day {
	midnight := func(n int) int64 {
		at := w.first.AddDate(0, 0, n)
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, l.zone).Unix()
	}
	d := day{location: l, n: n, start: midnight(n)}
	d.length = midnight(n+1) - d.start
	if n >= 0 && n < w.days() && l.Orders > 0 {
		share := mix(l.seed, uint64(n)) % 41 // 80 to 120 percent
		d.count = min(max(l.Orders*(80+int(share))/100, 1), maxOrders)
	}
	return d
}

// days bounds the numbers of days; how far the orders go is decided by now.
func (w *world) days() int {
	if w.Days > 0 {
		return w.Days
	}
	return maxDays
}

// created returns when order n of the day was made; it never goes back from one to the next.
func (d day) created(n int) int64 {
	chance := int64(mix(mix(d.location.seed, uint64(d.n)), uint64(n)) % uint64(d.length))
	return d.start + (d.length*int64(n)+chance)/int64(d.count)
}

// since returns the first order of the day that is not before at.
func (d day) since(at int64) int {
	return sort.Search(d.count, func(n int) bool { return d.created(n) >= at })
}

// dayOf returns the number of the local day an instant is in.
func (w *world) dayOf(l *location, at int64) int {
	local := time.Unix(at, 0).In(l.zone)
	date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	return int(date.Sub(w.first).Hours() / 24)
}

// ref is one order.
type ref struct {
	day
	i       int
	created int64
}

const (
	orderBits = 17
	dayBits   = 13
)

// id is the order's.
func (w *world) id(o ref) string {
	return w.orders.id(uint64(o.location.n)<<(orderBits+dayBits) | uint64(o.n)<<orderBits | uint64(o.i))
}

// order finds an order by its id.
func (w *world) order(id string) (ref, bool) {
	n, ok := w.orders.number(id)
	if !ok || n>>(orderBits+dayBits) >= uint64(len(w.locations)) {
		return ref{}, false
	}
	d := w.day(w.locations[n>>(orderBits+dayBits)], int(n>>orderBits&(1<<dayBits-1)))
	o := ref{day: d, i: int(n & (1<<orderBits - 1))}
	if o.i >= d.count {
		return ref{}, false
	}
	o.created = d.created(o.i)
	return o, o.created <= w.now().Unix()
}

// dayNumber returns the number of a date.
func (w *world) dayNumber(date string) (int, error) {
	at, err := time.Parse(time.DateOnly, date)
	return int(at.Sub(w.first).Hours() / 24), err
}
