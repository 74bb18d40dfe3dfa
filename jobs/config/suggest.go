package config

import (
	"slices"
	"strconv"
	"strings"
)

// nearest returns the candidate a misspelled word most likely stands for, "" if
// none is near.
func nearest(word string, candidates []string) string {
	best, cost := "", max(1, len(word)/3)+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < cost {
			best, cost = c, d
		}
	}
	return best
}

// choices says what to write in place of a word.
func choices(word string, candidates []string) string {
	if len(candidates) == 0 {
		return "none is configured yet"
	}
	list := "one of " + strings.Join(candidates, ", ")
	if len(candidates) == 1 {
		list = candidates[0]
	}
	if best := nearest(word, candidates); best != "" && len(candidates) > 1 {
		return "did you mean " + best + "? write " + list
	}
	return "write " + list
}

// placeholder is what to write for a key that names one of some tables.
func placeholder(names []string) string {
	switch len(names) {
	case 0:
		return "\"NAME\" (none is configured yet)"
	case 1:
		return strconv.Quote(names[0])
	default:
		return "\"NAME\", one of " + strings.Join(names, ", ")
	}
}

// distance is the number of letters to insert, remove, replace or swap with
// their neighbour to make b of a.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
