package hasoffers

import (
	_ "embed"
	"time"

	"exporter/sources"
)

//go:embed sample.toml
var sample string

// model is the vendor's name of what is read: target of the calls and key of the rows.
const model = "Conversion"

// Driver returns the adapter for the list of sources.
func Driver() sources.Driver {
	options := func() sources.Options { return new(Options) }
	const settle = 15 * time.Minute
	return sources.Driver{
		Name: "hasoffers", Sample: sample,
		Config: func() sources.Config { return newConfig() },
		Kinds: []sources.Kind{
			{
				Name: streamConversions, Doc: "Conversions by the time they happened.",
				Settle: settle, Windowed: true, PageSize: defaultPageSize, Options: options,
			},
			{
				Name: streamUpdates, Doc: "Conversions that people changed or added by hand, by day.",
				Settle: settle, Windowed: true, DayGrained: true, PageSize: defaultPageSize, Options: options,
			},
		},
		Open: open,
	}
}
