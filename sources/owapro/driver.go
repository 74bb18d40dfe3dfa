package owapro

import (
	_ "embed"

	"exporter/sources"
)

//go:embed sample.toml
var sample string

// The streams.
const (
	streamReport      = "report"
	streamCustomers   = "customers"
	streamTrackgroups = "trackgroups"
	streamConfigs     = "configs"
)

const defaultPageSize = 1000

// Driver returns the adapter for the list of sources.
func Driver() sources.Driver {
	return sources.Driver{
		Name: "owapro", Sample: sample,
		Config: func() sources.Config { return newConfig() },
		Kinds: []sources.Kind{
			{
				Name: streamReport, Doc: docReport, DayGrained: true, Windowed: true, PageSize: defaultPageSize,
				Options: func() sources.Options { return new(Options) },
			},
			{
				Name: streamCustomers, Doc: docCustomers, PageSize: defaultPageSize,
				Options: func() sources.Options { return new(ListOptions) },
			},
			{
				Name: streamTrackgroups, Doc: docTrackgroups, PageSize: defaultPageSize,
				Options: func() sources.Options { return new(TrackgroupOptions) },
			},
			{
				Name: streamConfigs, Doc: docConfigs, PageSize: defaultPageSize,
				Options: func() sources.Options { return new(ListOptions) },
			},
		},
		Open: open,
	}
}
