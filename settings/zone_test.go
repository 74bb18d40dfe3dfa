package settings_test

import (
	"testing"

	"exporter/settings"
)

func TestZone(t *testing.T) {
	if zone := settings.Zone("America/New_York"); zone == nil || zone.String() != "America/New_York" {
		t.Errorf("got zone %v, want America/New_York", zone)
	}
	for _, name := range []string{"", "Local", "Europe/Atlantis"} {
		if zone := settings.Zone(name); zone != nil {
			t.Errorf("%q: got zone %v, want none", name, zone)
		}
	}
	for name, problems := range map[string]int{"": 0, "Europe/Berlin": 0, "Local": 1, "Europe/Atlantis": 1} {
		if got := settings.CheckZone("timezone", name, "Europe/Berlin"); len(got) != problems {
			t.Errorf("%q: got %v, want %d problems", name, got, problems)
		}
	}
}
