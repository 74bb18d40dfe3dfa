package pgserver

import (
	"maps"
	"slices"
)

// Settings are server parameters by name, as in postgresql.conf.
type Settings map[string]string

// fast trades safety against power loss, which no test can observe, for speed.
// [Server.Kill] loses nothing by it, because the page cache outlives the
// process. synchronous_commit stays on: without it a killed server forgets
// transactions that it has reported as committed.
func fast() Settings {
	return Settings{
		"fsync":            "off",
		"full_page_writes": "off",
		"timezone":         "UTC",
	}
}

// Durable are the settings for a benchmark: as safe as in production, with
// memory and WAL for several million rows without a checkpoint in between.
func Durable() Settings {
	return Settings{
		"fsync":            "on",
		"full_page_writes": "on",
		"shared_buffers":   "1GB",
		"max_wal_size":     "8GB",
	}
}

// flags are the command line of a fast server with s on top.
func (s Settings) flags() []string {
	all := fast()
	maps.Copy(all, s)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}
