package lake

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"

	"exporter/fault"
	"exporter/sinks"
)

//go:embed gcs.toml
var gcsSample string

//go:embed files.toml
var filesSample string

var modes = []sinks.Mode{sinks.Replace, sinks.Append, sinks.Snapshot}

// GCS returns the entry for the list of sinks of the driver for buckets.
func GCS() sinks.Driver {
	return sinks.Driver{
		Name: "gcs", Sample: gcsSample, Modes: modes,
		Config: func() sinks.Config { return &GCSConfig{Layout: defaults} },
		Open: func(_ context.Context, config sinks.Config) (sinks.Sink, error) {
			c, ok := config.(*GCSConfig)
			if !ok {
				return nil, fault.New(fault.Config, "open gcs sink: settings are a %T", config)
			}
			return newSink("gcs", c.Layout, openBucket(c)), nil
		},
	}
}

// Files returns the entry for the list of sinks of the driver for folders.
func Files() sinks.Driver {
	return sinks.Driver{
		Name: "files", Sample: filesSample, Modes: modes,
		Config: func() sinks.Config { return &FilesConfig{Layout: defaults} },
		Open: func(_ context.Context, config sinks.Config) (sinks.Sink, error) {
			c, ok := config.(*FilesConfig)
			if !ok {
				return nil, fault.New(fault.Config, "open files sink: settings are a %T", config)
			}
			f, err := openFiles(c)
			if err != nil {
				return nil, fmt.Errorf("open files sink: %w", err)
			}
			return newSink("files", c.Layout, f), nil
		},
	}
}

// checkName is a name that nobody else has.
func checkName() string { return "check-" + rand.Text() }
