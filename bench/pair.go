package main

import (
	"context"
	"fmt"
	"slices"
)

// reference is what exporter is compared with, and where its samples go.
type reference struct {
	into    *samples
	measure func() (sample, error)
}

// pair measures exporter and its references in turn, in the other order each time,
// and adds the result.
func (st *stage) pair(ctx context.Context, r *result, exporter func() (sample, error), refs ...reference) error {
	all := append([]reference{{&r.exporter, exporter}}, refs...)
	for n := range st.repeat {
		for _, one := range all {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := one.measure()
			if err != nil {
				return fmt.Errorf("repeat %d: %w", n+1, err)
			}
			*one.into = append(*one.into, s)
		}
		slices.Reverse(all)
	}
	st.add(r)
	return nil
}

// add computes a result and keeps it.
func (st *stage) add(r *result) {
	r.compute()
	st.results = append(st.results, r)
	st.say("  %s", r.line())
}
