// Package merge changes the configuration of a room as callers of /_sandbox/config do.
package merge

import (
	"errors"
	"fmt"

	"exporter/sandbox/faults"

	"github.com/go-json-experiment/json"
)

// Into returns cfg with a JSON object merged into it. Lists are replaced as a
// whole. Rules is where a configuration has its faults: those are added and removed
// in their set, which a configuration only begins with.
func Into[C any](cfg C, partial []byte, rules func(*C) *[]faults.Rule) (C, error) {
	*rules(&cfg) = nil
	whole, err := json.Marshal(cfg)
	if err != nil {
		return cfg, fmt.Errorf("copy configuration: %w", err)
	}
	var merged C // nothing of it is shared with the configuration in force
	if err := errors.Join(json.Unmarshal(whole, &merged), json.Unmarshal(partial, &merged, json.RejectUnknownMembers(true))); err != nil {
		return cfg, fmt.Errorf("read configuration: %w", err)
	}
	if len(*rules(&merged)) > 0 {
		return cfg, errors.New("faults are added and removed at /_sandbox/faults, not in the configuration")
	}
	return merged, nil
}
