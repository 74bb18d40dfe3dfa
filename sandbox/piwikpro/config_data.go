package piwikpro

import (
	"fmt"
	"slices"
	"time"
)

// Data is what there is to report, all of it a function of seed, site and day.
type Data struct {
	FirstDay        string     `json:"first_day"`        // YYYY-MM-DD, default 2026-01-01
	Days            int        `json:"days"`             // 0 = until today
	Now             string     `json:"now"`              // RFC 3339: the moment it is; "" = the clock
	DelayMinutes    int        `json:"delay_minutes"`    // a session is there so long after it began; 0 = at once
	RetentionMonths int        `json:"retention_months"` // whole months before are gone; 0 = nothing is
	Sites           []Site     `json:"sites"`            // default: twelve, in four time zones
	MetaSites       []MetaSite `json:"meta_sites"`       // default: one, of the first three sites
}

// Site is an app the user may or may not see.
type Site struct {
	ID        string `json:"id"` // UUID; default [SiteID] of its place in the list
	Name      string `json:"name"`
	Timezone  string `json:"timezone"` // IANA, default UTC
	Currency  string `json:"currency"` // default EUR
	Sessions  int    `json:"sessions"` // of every day; default 60, negative = none
	Goals     int    `json:"goals"`    // default 12, more than a page of the list
	Tricky    bool   `json:"tricky"`   // titles, campaigns and URLs with quotes, commas, newlines, emoji
	Forbidden bool   `json:"forbidden"`
	NoLicense bool   `json:"no_license"`
}

// MetaSite reports on several sites at once.
type MetaSite struct {
	ID       string   `json:"id"` // UUID; default [MetaSiteID] of its place in the list
	Name     string   `json:"name"`
	Timezone string   `json:"timezone"` // default UTC
	Sites    []string `json:"sites"`    // ids
}

// SiteID is the id of the n-th default site, from 0.
func SiteID(n int) string { return fmt.Sprintf("5e1f0c3a-0000-4000-8000-%012d", n+1) }

// MetaSiteID is the id of the n-th default meta site, from 0.
func MetaSiteID(n int) string { return fmt.Sprintf("3e7a0000-0000-4000-9000-%012d", n+1) }

func defaultSites() []Site {
	sites := []Site{
		{Name: "Demo Shop", Timezone: "UTC", Tricky: true},
		{Name: "Gartenmöbel Süd", Timezone: "Europe/Berlin"},
		{Name: "Bazaar", Timezone: "Asia/Kolkata", Currency: "INR"},
		{Name: "Harbour Books", Timezone: "America/New_York", Currency: "USD"},
		{Name: "Nobody comes", Sessions: -1},
		{Name: "Of another user", Forbidden: true},
	}
	for n := len(sites); n < 13; n++ {
		sites = append(sites, Site{Name: fmt.Sprintf("Landing page %d", n), Sessions: 10})
	}
	return sites
}

func (d Data) withDefaults() Data {
	setDefault(&d.FirstDay, "2026-01-01")
	if len(d.Sites) == 0 {
		d.Sites = defaultSites()
	}
	d.Sites = slices.Clone(d.Sites)
	for i := range d.Sites {
		s := &d.Sites[i]
		setDefault(&s.ID, SiteID(i))
		setDefault(&s.Name, fmt.Sprintf("Site %d", i+1))
		setDefault(&s.Timezone, "UTC")
		setDefault(&s.Currency, "EUR")
		setDefault(&s.Sessions, 60)
		setDefault(&s.Goals, 12)
	}
	if d.MetaSites == nil {
		all := MetaSite{Name: "All shops"}
		for _, s := range d.Sites[:min(3, len(d.Sites))] {
			all.Sites = append(all.Sites, s.ID)
		}
		d.MetaSites = []MetaSite{all}
	}
	d.MetaSites = slices.Clone(d.MetaSites)
	for i := range d.MetaSites {
		m := &d.MetaSites[i]
		setDefault(&m.ID, MetaSiteID(i))
		setDefault(&m.Name, fmt.Sprintf("Meta site %d", i+1))
		setDefault(&m.Timezone, "UTC")
	}
	return d
}

// maxSessions bounds the sessions of a day, whose ids share 64 bits.
const maxSessions = 1 << 32

func (d Data) validate() error {
	if _, err := time.Parse(time.DateOnly, d.FirstDay); err != nil {
		return fmt.Errorf("data: first_day: %w", err)
	}
	if d.Now != "" {
		if _, err := time.Parse(time.RFC3339, d.Now); err != nil {
			return fmt.Errorf("data: now: %w", err)
		}
	}
	if d.Days < 0 || d.DelayMinutes < 0 || d.RetentionMonths < 0 {
		return fmt.Errorf("data: days, delay_minutes and retention_months may not be negative")
	}
	ids := map[string]bool{}
	for _, s := range d.Sites {
		if _, err := time.LoadLocation(s.Timezone); err != nil {
			return fmt.Errorf("site %s: timezone: %w", s.ID, err)
		}
		if ids[s.ID] || s.Sessions > maxSessions || s.Goals < 0 {
			return fmt.Errorf("site %s: is there twice, has too many sessions or a negative number of goals", s.ID)
		}
		ids[s.ID] = true
	}
	for _, m := range d.MetaSites {
		if _, err := time.LoadLocation(m.Timezone); err != nil {
			return fmt.Errorf("meta site %s: timezone: %w", m.ID, err)
		}
		for _, id := range m.Sites {
			if !ids[id] {
				return fmt.Errorf("meta site %s: no site %s", m.ID, id)
			}
		}
	}
	return nil
}

func (d Data) now() time.Time {
	if at, err := time.Parse(time.RFC3339, d.Now); err == nil {
		return at.UTC()
	}
	return time.Now().UTC()
}
