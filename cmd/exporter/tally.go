package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// tally is how many there are of each kind, the most first: "30 missing, 2 failed".
func tally(n map[string]int) string {
	kinds := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(n[b]-n[a], cmp.Compare(a, b)) })
	var parts []string
	for _, k := range kinds {
		parts = append(parts, number(n[k])+" "+k)
	}
	return strings.Join(parts, ", ")
}
