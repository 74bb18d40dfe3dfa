package config

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// kindOf says what a decoded TOML value is.
func kindOf(raw any) string {
	switch raw.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	default:
		return "a date or time"
	}
}

// date returns TOML's own dates and times as text.
func date(raw any) (string, bool) {
	switch v := raw.(type) {
	case toml.LocalDate:
		return v.String(), true
	case toml.LocalDateTime:
		return v.String(), true
	case toml.LocalTime:
		return v.String(), true
	case time.Time:
		return v.Format(time.RFC3339Nano), true
	default:
		return "", false
	}
}

// plain returns a value for an adapter that takes anything: strings, int64,
// float64, bool, []any and map[string]any, dates as text. Values that were
// reported are empty strings; such a configuration is never returned.
func plain(raw any) any {
	switch v := raw.(type) {
	case broken:
		return ""
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = plain(v[k])
		}
		return out
	default:
		if s, ok := date(raw); ok {
			return s
		}
		return raw
	}
}

func sortedKeys(table map[string]any) []string { return slices.Sorted(maps.Keys(table)) }

// bare is an error of the file system without the path, which the message has already.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
