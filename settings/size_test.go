package settings_test

import (
	"testing"

	"exporter/settings"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		text  string
		bytes int64
		shown string
	}{
		{"20GiB", 20 << 30, "20GiB"},
		{"1024KiB", 1 << 20, "1MiB"},
		{"1500MB", 1500e6, "1500MB"},
		{"2TB", 2e12, "2TB"},
		{"7B", 7, "7B"},
		{"0B", 0, "0B"},
		{"8388607TiB", 8388607 << 40, "8388607TiB"},
	} {
		var got settings.Size
		err := got.UnmarshalText([]byte(c.text))
		if err != nil || int64(got) != c.bytes || got.String() != c.shown {
			t.Errorf("%s: got %d (%s), %v; want %d (%s)", c.text, got, got, err, c.bytes, c.shown)
		}
	}
	for _, text := range []string{"", "20", "GiB", "20 GiB", "20gib", "-1GiB", "1.5GiB", "20PiB", "8388608TiB", "9999999999999999999B"} {
		var got settings.Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}
