package main

import (
	"exporter/jobs/config"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

// drivers are all sources and sinks there are. A new one is a line here.
func drivers() config.Drivers {
	return config.Drivers{
		Sources: []sources.Driver{hasoffers.Driver()},
		Sinks:   []sinks.Driver{postgres.Driver()},
	}
}
