package main

import (
	"exporter/jobs/config"
	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/postgres"
	"exporter/sinks/sqlite"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/hubrise"
	"exporter/sources/owapro"
	"exporter/sources/piwikpro"
)

// drivers are all sources and sinks there are. A new one is a line here.
func drivers() config.Drivers {
	return config.Drivers{
		Sources: []sources.Driver{hasoffers.Driver(), hubrise.Driver(), owapro.Driver(), piwikpro.Driver()},
		Sinks:   []sinks.Driver{postgres.Driver(), sqlite.Driver(), lake.GCS(), lake.Files()},
	}
}
