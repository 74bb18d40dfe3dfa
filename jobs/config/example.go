package config

import (
	_ "embed"
	"strings"
)

var (
	//go:embed sample/head.toml
	sampleHead string
	//go:embed sample/jobs.toml
	sampleJobs string
)

// Example returns the commented reference of every key: the loader's own, then
// what each adapter says of itself. It is a configuration that loads once the
// environment variables in it are set.
func Example(drivers Drivers) string {
	blocks := []string{sampleHead}
	for _, d := range drivers.Sources {
		blocks = append(blocks, d.Sample)
	}
	for _, d := range drivers.Sinks {
		blocks = append(blocks, d.Sample)
	}
	blocks = append(blocks, sampleJobs)
	for i := range blocks {
		blocks[i] = strings.TrimSpace(blocks[i]) + "\n"
	}
	return strings.Join(blocks, "\n")
}
