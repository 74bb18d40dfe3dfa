package hasoffers

import (
	"fmt"
	"time"
)

// Network is one customer of the vendor with its conversions, all of them a
// function of seed, network and id.
type Network struct {
	ID       string `json:"id"`       // sent as NetworkId, or the first label of the host; default "demo"
	Token    string `json:"token"`    // §2: NetworkToken; default "NETdemo"
	Timezone string `json:"timezone"` // §8: IANA zone of its datetimes; default America/New_York

	FirstDay   string  `json:"first_day"`    // of the data, YYYY-MM-DD in the network's zone; default 2026-01-01
	Days       int     `json:"days"`         // 0 = until now: rows appear as time passes
	RowsPerDay int     `json:"rows_per_day"` // default 100, negative = none; spread evenly with jitter, every fifth row shares the second of the one before
	APIMade    float64 `json:"api_made"`     // §4: share of rows made through the API, with null where others have ""; default 0.05, negative = none
	FirstID    int64   `json:"first_id"`     // default 1001
	IDGap      int64   `json:"id_gap"`       // §6: ids grow by this much on average; default and least 2
	Currency   string  `json:"currency"`     // default USD

	NullStyle     NullStyle `json:"null_style"`     // §4: the null-versus-"" mix
	EventIDSince  string    `json:"event_id_since"` // §6: first day with tune_event_id; "" = all rows have one
	BadTextEvery  int64     `json:"bad_text_every"` // every n-th row has a NUL character in affiliate_info5; 0 = none
	BlankPersonal int       `json:"blank_personal"` // §6: personal fields are blank on rows older than so many days; 0 = never
	CutPersonal   int       `json:"cut_personal"`   // §6: rows older than so many days are not answered when personal fields are asked for; 0 = never
	ObfuscateIP   bool      `json:"obfuscate_ip"`   // §6: last octet 0

	Now string `json:"now"` // RFC 3339: the moment it is for the data and its edits; "" = the clock
}

func (n Network) withDefaults() Network {
	setDefault(&n.ID, "demo")
	setDefault(&n.Token, "NET"+n.ID)
	setDefault(&n.Timezone, "America/New_York")
	setDefault(&n.FirstDay, "2026-01-01")
	setDefault(&n.RowsPerDay, 100)
	setDefault(&n.APIMade, 0.05)
	setDefault(&n.FirstID, 1001)
	setDefault(&n.Currency, "USD")
	n.IDGap = max(n.IDGap, 2)
	return n
}

// parsed is a Network with its texts understood.
type parsed struct {
	Network
	loc          *time.Location
	firstDay     time.Time
	eventIDSince int64 // wall seconds
	now          func() time.Time
}

func (n Network) parse() (parsed, error) {
	p := parsed{Network: n, now: time.Now}
	var err error
	if p.loc, err = time.LoadLocation(n.Timezone); err != nil {
		return p, fmt.Errorf("network %s: timezone: %w", n.ID, err)
	}
	if p.firstDay, err = time.ParseInLocation(time.DateOnly, n.FirstDay, p.loc); err != nil {
		return p, fmt.Errorf("network %s: first_day: %w", n.ID, err)
	}
	if n.EventIDSince != "" {
		since, err := time.Parse(time.DateOnly, n.EventIDSince)
		if err != nil {
			return p, fmt.Errorf("network %s: event_id_since: %w", n.ID, err)
		}
		p.eventIDSince = since.Unix()
	}
	if n.Now != "" {
		at, err := time.Parse(time.RFC3339, n.Now)
		if err != nil {
			return p, fmt.Errorf("network %s: now: %w", n.ID, err)
		}
		p.now = func() time.Time { return at }
	}
	if n.Days < 0 || n.FirstID < 1 {
		return p, fmt.Errorf("network %s: days and first_id may not be negative", n.ID)
	}
	p.RowsPerDay = max(n.RowsPerDay, 0)
	return p, nil
}
