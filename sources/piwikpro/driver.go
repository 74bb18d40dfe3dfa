package piwikpro

import (
	_ "embed"
	"time"

	"exporter/settings"
	"exporter/sources"
)

//go:embed sample.toml
var sample string

// The streams.
const (
	streamQuery    = "query"
	streamSessions = "sessions"
	streamEvents   = "events"
	streamApps     = "apps"
	streamGoals    = "goals"
)

// Rows per request: the most the vendor gives, and what is asked for.
const (
	maxRows          = 100_000
	maxApps          = 1000
	defaultGoals     = 1000
	defaultPageSize  = maxRows
	defaultAppsAsked = maxApps
)

// Driver returns the adapter for the list of sources.
func Driver() sources.Driver {
	const settle = 3 * time.Hour // two hours after its end a session is there
	lookback := settings.Duration{N: 3, Unit: settings.Day}
	return sources.Driver{
		Name: "piwikpro", Sample: sample,
		Config: func() sources.Config { return newConfig() },
		Kinds: []sources.Kind{
			{
				Name: streamQuery, Doc: docs[streamQuery], Settle: settle, Lookback: lookback, Windowed: true, DayGrained: true,
				PageSize: defaultPageSize, Class: classPost, Options: func() sources.Options { return new(QueryOptions) },
			},
			{
				Name: streamSessions, Doc: docs[streamSessions], Settle: settle, Lookback: lookback, Windowed: true,
				PageSize: defaultPageSize, Class: classPost, Options: func() sources.Options { return &RawOptions{stream: streamSessions} },
			},
			{
				Name: streamEvents, Doc: docs[streamEvents], Settle: settle, Lookback: lookback, Windowed: true,
				PageSize: defaultPageSize, Class: classPost, Options: func() sources.Options { return &RawOptions{stream: streamEvents} },
			},
			{
				Name: streamApps, Doc: docs[streamApps], PageSize: defaultAppsAsked, Class: classGet,
				Options: func() sources.Options { return new(AppOptions) },
			},
			{
				Name: streamGoals, Doc: docs[streamGoals], PageSize: defaultGoals, Class: classGet,
				Options: func() sources.Options { return new(GoalOptions) },
			},
		},
		Open: open,
	}
}

// docs describe the streams.
var docs = map[string]string{
	streamQuery:    "A report by site and day: the dimensions and metrics of the job.",
	streamSessions: "Raw sessions by the time they began.",
	streamEvents:   "Raw events by the time they happened.",
	streamApps:     "Sites and apps the login may see, with their time zone and currency.",
	streamGoals:    "Goals of every site.",
}
