package owapro

// measure is a figure that adds up.
type measure int

const (
	users measure = iota
	views
	clicks
	leads
	sales
	amount // money is in cents
	assists
	assistAmount
	cost
	measureCount
)

// measures are the figures of a row.
type measures struct {
	n       [measureCount]int64
	assists bool // there are values of the assist metrics
}

func (m *measures) add(other *measures) {
	for i, n := range other.n {
		m.n[i] += n
	}
	m.assists = m.assists || other.assists
}

// view is the data at one moment: what an answer sees from its beginning to its end.
type view struct {
	*world
	days     int
	versions map[dayOf]uint64 // how often a day was restated
}

type dayOf struct{ customer, day int }

// hashes returns the hash of a trackgroup's day as it was made and as it is now.
func (v *view) hashes(day int, g *trackgroup) (made, now uint64) {
	made = mix(g.seed, uint64(day))
	if len(v.versions) > 0 {
		if version := v.versions[dayOf{g.customer.ID, day}]; version > 0 {
			return made, mix(made, version)
		}
	}
	return made, made
}

// present reports whether a trackgroup has a row on a day. A restatement lets some come and some go.
func (v *view) present(day int, g *trackgroup) bool {
	if g.idle {
		return false
	}
	made, now := v.hashes(day, g)
	decides := made
	if made>>20%8 == 0 {
		decides = now
	}
	return mix(decides, 1)%1000 >= v.absent
}

// cell returns the figures of a trackgroup on a day, for money of so many hundredths of a euro.
// Clicks stay when a day is restated; what they led to and what they cost change.
func (v *view) cell(day int, g *trackgroup, rate int64) measures {
	made, now := v.hashes(day, g)
	var m measures
	m.assists = v.NullEach == 0 || made>>8%uint64(v.NullEach) != 0
	a := mix(now, 4)
	if m.assists && a%3 > 0 {
		m.n[assists] = int64(1 + a>>8%12)
		m.n[assistAmount] = m.n[assists]*int64(a>>16%40_000)*rate/100 + 1
	}
	if mix(made, 2)%1000 < v.zero {
		return m
	}
	x, y, z := mix(made, 3), mix(now, 5), mix(now, 6)
	m.n[views] = int64(x % 30_000)
	m.n[clicks] = m.n[views] * int64(1+x>>16%80) / 1000
	m.n[users] = m.n[clicks] * int64(60+x>>32%40) / 100
	m.n[leads] = m.n[clicks] * int64(y%30) / 1000
	m.n[sales] = m.n[clicks] * int64(y>>8%60) / 1000
	if y>>40%1024 == 0 {
		m.n[sales] += 5_000 // a day of a campaign: amounts beyond a million
	}
	if m.n[sales] > 0 {
		m.n[amount] = (m.n[sales]*int64(1_000+z%30_000) + int64(z>>20%100)) * rate / 100
	}
	m.n[cost] = (m.n[clicks]*int64(5+z>>32%200) + int64(z>>44%7)) * rate / 100
	return m
}
