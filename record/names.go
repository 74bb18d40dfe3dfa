package record

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxName leaves four bytes of Postgres' 63 for suffixes.
const maxName = 59

// ColumnNames derives SQL-safe, stable, collision-free column names from a
// vendor's names: lower case, runs outside [a-z0-9] become "_", trimmed, a
// leading digit gets "c_". A name over 59 bytes, an empty one, and every name
// that would collide with an earlier one gets "_" and six hex digits of the
// SHA-256 of the original. The result has the order and length of the input;
// equal inputs at different positions still get different names only if a
// caller makes them different, so vendors' duplicates must be numbered first.
func ColumnNames(originals []string) []string {
	count := make(map[string]int, len(originals))
	names := make([]string, len(originals))
	for i, o := range originals {
		names[i] = plainName(o)
		count[names[i]]++
	}
	for i, o := range originals {
		n := names[i]
		if n != "" && len(n) <= maxName && (count[n] == 1 || n == o) {
			continue
		}
		sum := sha256.Sum256([]byte(o))
		suffix := "_" + hex.EncodeToString(sum[:3])
		if len(n) > maxName-len(suffix) {
			n = n[:maxName-len(suffix)]
		}
		names[i] = strings.TrimPrefix(strings.TrimRight(n, "_")+suffix, "_")
		if names[i][0] >= '0' && names[i][0] <= '9' {
			names[i] = "c_" + names[i]
		}
	}
	return names
}

func plainName(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	n := b.String()
	if n != "" && n[0] >= '0' && n[0] <= '9' {
		n = "c_" + n
	}
	return n
}
