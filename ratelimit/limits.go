package ratelimit

import (
	"maps"
	"slices"
	"time"

	"exporter/fault"
)

// DefaultMaxWait is how long a request waits for quota before its slice is parked.
const DefaultMaxWait = 5 * time.Minute

// Limits are what a credential may do. The zero value limits nothing.
type Limits struct {
	Windows     []Window            // hold for every request, all at once
	Classes     map[string][]Window // hold for the requests of a class, besides Windows
	Concurrency int                 // requests in flight; 0 = any number
	MaxWait     time.Duration       // a longer wait for quota or a pause parks; 0 = DefaultMaxWait
}

// Ask describes one request. A Class without windows of its own is limited by the
// general windows alone. A Weight above 1 takes that many permits of each window.
type Ask struct {
	Class  string
	Weight int // 0 = 1
}

// Validate reports limits that no request could pass, and two of one window that disagree.
func (l Limits) Validate() error {
	if l.Concurrency < 0 {
		return fault.New(fault.Config, "concurrency %d: must be at least 1, or 0 for no limit", l.Concurrency)
	}
	if l.MaxWait < 0 {
		return fault.New(fault.Config, "max_wait %s: must not be negative", l.MaxWait)
	}
	if err := validate("limits", l.Windows); err != nil {
		return err
	}
	for _, class := range slices.Sorted(maps.Keys(l.Classes)) {
		if err := validate("class "+class, l.Classes[class]); err != nil {
			return err
		}
	}
	return nil
}

func validate(where string, windows []Window) error {
	first := map[time.Duration]Window{}
	for _, w := range windows {
		if w.N < 1 || w.Per <= 0 {
			return fault.New(fault.Config, "limit of %d requests per %s: both must be more than 0; %s", w.N, w.Per, example)
		}
		if other, twice := first[w.Per]; twice && other.N != w.N {
			return fault.New(fault.Config, "%s: %s and %s are two limits of one window; keep the one that holds", where, other, w)
		}
		first[w.Per] = w
	}
	return nil
}

func (l Limits) maxWait() time.Duration {
	if l.MaxWait == 0 {
		return DefaultMaxWait
	}
	return l.MaxWait
}
