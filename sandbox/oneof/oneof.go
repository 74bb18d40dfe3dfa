// Package oneof checks the choices of a room's configuration.
package oneof

import (
	"fmt"
	"slices"
	"strings"
)

// Check reports a value of key that is none of those allowed. "" always is: it means the default.
func Check[T ~string](key string, got T, allowed ...T) error {
	if got == "" || slices.Contains(allowed, got) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return fmt.Errorf("%s: %q is not one of %s", key, got, strings.Join(names, ", "))
}
