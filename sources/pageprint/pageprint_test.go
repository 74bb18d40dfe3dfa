package pageprint_test

import (
	"testing"

	"exporter/sources/pageprint"
)

func of(rows ...string) pageprint.Sum {
	var s pageprint.Sum
	for _, row := range rows {
		s.Add(pageprint.Of([]byte(row)))
	}
	return s
}

func TestSum(t *testing.T) {
	for name, c := range map[string]struct {
		a, b pageprint.Sum
		same bool
	}{
		"another order":  {of("a", "b", "c"), of("c", "a", "b"), true},
		"a row twice":    {of("a", "b"), of("a", "b", "b"), false},
		"one row twice":  {of("a", "a"), of("b", "b"), false},
		"a row less":     {of("a", "b"), of("a"), false},
		"empty row":      {of(), of(""), false},
		"a row moved on": {of("ab", "c"), of("a", "bc"), false},
	} {
		if got := c.a == c.b; got != c.same || (c.a.String() == c.b.String()) != c.same {
			t.Errorf("%s: %s and %s, the same: %v", name, c.a, c.b, got)
		}
	}
	// As spools of older versions have it.
	if got := of("a", "b", "c").String(); got != "8ec62ff524806a0779ca28aa6c5f60ca" {
		t.Errorf("the text is %s", got)
	}
}
