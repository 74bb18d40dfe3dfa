package owapro

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

// rates are what a euro costs, in hundredths.
var rates = map[string]int64{"EUR": 100, "USD": 125, "GBP": 80, "CHF": 95, "PLN": 430}

// world is what there is to report before anything was restated. It is never changed.
type world struct {
	Data
	first     time.Time
	customers []*customer
	groups    []*trackgroup // of all customers, in the order of customer and id
	absent    uint64        // shares in thousandths
	zero      uint64
}

type customer struct {
	Customer
	groups []*trackgroup
}

type trackgroup struct {
	id       int64
	label    string
	n        int // within the customer
	idle     bool
	customer *customer
	seed     uint64
}

func newWorld(seed uint64, d Data) *world {
	first, err := time.Parse(time.DateOnly, d.FirstDay)
	if err != nil {
		panic(err) // validated before
	}
	w := &world{Data: d, first: first, absent: thousandths(d.Absent), zero: thousandths(d.Zero)}
	for _, settings := range d.Customers {
		c := &customer{Customer: settings}
		w.customers = append(w.customers, c)
		idle := max(min(c.Idle, c.Trackgroups-1), 0)
		for n := range c.Trackgroups {
			own := mix(mix(seed, uint64(c.ID)), uint64(n))
			g := &trackgroup{
				id: int64(c.ID)*2*maxTrackgroups + 2*int64(n) + int64(own&1), label: groupLabel(n, c.Tricky),
				n: n, customer: c, seed: own, idle: n > 0 && n <= idle,
			}
			c.groups = append(c.groups, g)
		}
		w.groups = append(w.groups, c.groups...)
	}
	return w
}

func thousandths(share float64) uint64 { return uint64(max(share, 0)*1000 + 0.5) }

// mix is the finalizer of SplitMix64: every bit of the result depends on every bit of a and b.
func mix(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func hashText(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash takes everything
	return h.Sum64()
}

var (
	channels = []string{"Google Ads", "Bing Ads", "Facebook", "Newsletter", "Affiliate", "Display", "SEO", "Preisvergleich Österreich", "Retargeting", "Direct"}
	kinds    = []string{"Brand", "Non Brand", "Shopping", "Mobile", "Tablet", "Möbel & Wohnen"}
	// tricky labels are all in Windows-1252.
	tricky = []string{
		`Say "hello"`, "two\nlines", "a;b,c\td", " blanks ", "1.234,5", "n/a", "-", "=1+1", "€uro – “quoted”", `"`, "\"\r\n\"", "08/08/2018",
	}
)

func (g *trackgroup) channel() string { return channels[g.n%len(channels)] }
func (g *trackgroup) kind() string    { return kinds[g.n/len(channels)%len(kinds)] }

func groupLabel(n int, isTricky bool) string {
	if isTricky && n < len(tricky) {
		return tricky[n]
	}
	g := trackgroup{n: n}
	label := g.channel() + " " + g.kind()
	if round := n / (len(channels) * len(kinds)); round > 0 {
		label += " " + strconv.Itoa(round+1)
	}
	return label
}

func (w *world) customer(id int) *customer {
	for _, c := range w.customers {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (w *world) report(id int) (Report, bool) {
	for _, r := range w.Reports {
		if r.ID == id {
			return r, true
		}
	}
	return Report{}, false
}

// allowed returns the trackgroups of the customers the person may see.
func (w *world) allowed() []*trackgroup {
	var out []*trackgroup
	for _, c := range w.customers {
		if !c.Forbidden && !c.Removed {
			out = append(out, c.groups...)
		}
	}
	return out
}

func (w *world) date(day int) time.Time { return w.first.AddDate(0, 0, day) }

// day returns the number of a date within the data.
func (w *world) day(date string) (int, error) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, fmt.Errorf("day: %w", err)
	}
	return int(t.Sub(w.first).Hours() / 24), nil
}

// days is how many days there are so far.
func (w *world) days() int {
	if w.Days > 0 {
		return w.Days
	}
	return max(int(w.now().Sub(w.first).Hours()/24)+1, 0)
}
