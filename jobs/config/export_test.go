package config

import (
	"maps"
	"slices"
)

// KnownKeys lists the keys of every table, for the test that the example has them all.
func KnownKeys(drivers Drivers) map[string][]string {
	known := map[string][]string{}
	for _, t := range keyTables(drivers) {
		known[t.name] = slices.Sorted(maps.Keys(t.keys))
	}
	return known
}

// SampleJobs is the commented reference of a job.
var SampleJobs = sampleJobs

// SampleHead is the top of the example file.
var SampleHead = sampleHead
