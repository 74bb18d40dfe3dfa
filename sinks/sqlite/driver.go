package sqlite

import (
	"context"
	_ "embed"
	"fmt"

	"exporter/fault"
	"exporter/sinks"
)

//go:embed sample.toml
var sample string

var modes = []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Append, sinks.Snapshot}

// Driver returns the sink's entry for the list of sinks.
func Driver() sinks.Driver {
	return sinks.Driver{
		Name:   "sqlite",
		Sample: sample,
		Modes:  modes,
		Config: func() sinks.Config { return &Config{} },
		Open: func(_ context.Context, config sinks.Config) (sinks.Sink, error) {
			c, ok := config.(*Config)
			if !ok {
				return nil, fault.New(fault.Config, "open sqlite sink: settings are a %T", config)
			}
			s, err := open(c)
			if err != nil {
				return nil, fmt.Errorf("open sqlite sink: %w", err)
			}
			return s, nil
		},
	}
}
