package piwikpro

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources/httpapi"
)

// siteZone is where the days of a site are.
type siteZone struct {
	name string // "" = the vendor does not say
	meta bool   // a meta site, which has none of its own
}

// checkZone compares the zone of a site with that of the job's days: rows carry no
// zone, and of another one they would belong to other instants and other days.
func (r *reader) checkZone(site string, zone *time.Location) error {
	at, err := r.s.zoneOf(r.ctx, site)
	switch {
	case err != nil:
		return err
	case at.meta:
		r.warn("the vendor does not tell the zone of a meta site; its days are taken to be those of %s", zone)
		return nil
	case at.name == "":
		r.warn("the vendor does not tell the zone of site %s; its days are taken to be those of %s", site, zone)
		return nil
	}
	theirs, err := time.LoadLocation(at.name)
	if err == nil && sameClock(theirs, zone, r.req.Interval.Start) && sameClock(theirs, zone, r.req.Interval.End) {
		return nil
	}
	return fault.New(fault.Config, "site %s is in zone %s, the days of the job are those of %s", site, at.name, zone).
		WithHint("Set data_timezone = %q in the job, or timezone of source %s if all its sites are there. Sites of several zones need a job for each zone, with its websites.", at.name, r.s.name)
}

// checkedApps bounds the apps whose zone is asked for before anything is read.
const checkedApps = 50

// checkZones warns of sites that jobs with the zone of the settings cannot read: once
// days of other sites are loaded, another zone means another job.
func (s *source) checkZones(ctx context.Context, ids []string) error {
	var others []string
	now := s.now()
	for _, id := range ids {
		at, err := s.zoneOf(ctx, id)
		if err != nil {
			return err
		}
		if theirs, err := time.LoadLocation(at.name); at.name != "" && (err != nil || !sameClock(theirs, s.config.Zone(), now)) {
			others = append(others, id+" in "+at.name)
		}
	}
	if len(others) > 0 {
		s.log.LogAttrs(ctx, slog.LevelWarn, "sites are in other zones than the source: write jobs with websites and data_timezone for them before the first run",
			slog.String("timezone", s.config.Zone().String()), slog.Any("sites", others))
	}
	return nil
}

// sameClock tells whether two zones, of whatever names, show the same around an instant.
func sameClock(a, b *time.Location, at time.Time) bool {
	if a.String() == b.String() {
		return true
	}
	ours, theirs := at.In(a), at.In(b)
	_, x := ours.Zone()
	_, y := theirs.Zone()
	return x == y && record.LastShift(ours).Equal(record.LastShift(theirs)) && record.NextShift(ours).Equal(record.NextShift(theirs))
}

// zoneOf asks for the zone of a site, once in a run.
func (s *source) zoneOf(ctx context.Context, site string) (siteZone, error) {
	s.mu.Lock()
	at, known := s.zones[site]
	s.mu.Unlock()
	if known {
		return at, nil
	}
	raw, err := s.app(ctx, site)
	if statusOf(err) == http.StatusNotFound {
		// Meta sites are no apps.
		if _, noMeta := s.list(ctx, list{what: "apps of meta site " + site, path: "/api/meta-sites/v1/" + site + "/apps"}, 0, 1, func([]byte) error { return nil }); noMeta != nil {
			return at, fault.New(fault.ClassOf(err), "look up the zone of site %s: %w", site, err)
		}
		at.meta, err = true, nil
	}
	if err != nil {
		return at, fault.New(fault.ClassOf(err), "look up the zone of site %s: %w", site, err)
	}
	if !at.meta {
		a, err := entryOf(raw)
		if err != nil {
			return at, err
		}
		at.name = a.Attributes.Timezone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[site] = at
	return at, nil
}

// app asks for what the list of apps leaves out.
func (s *source) app(ctx context.Context, id string) (raw []byte, err error) {
	resp, err := s.client.Do(ctx, &httpapi.Request{URL: "/api/apps/v2/" + id, Class: classGet, Want: mediaJSON, Header: acceptAny()})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fault.New(fault.Transient, "read app %s: %w", id, err)
	}
	return answer.Data, nil
}
