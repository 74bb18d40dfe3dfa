package piwikpro_test

import (
	"testing"

	"exporter/sandbox/piwikpro"

	"github.com/google/go-cmp/cmp"
)

// Sessions and events begin with the columns they always have.
func TestDefaultColumns(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	for report, want := range map[string][]string{
		"sessions": {"session_id", "visitor_id", "timestamp", "device_type"},
		"events":   {"session_id", "event_id", "visitor_id", "timestamp", "device_type"},
	} {
		a := v.rows(report, ask("device_type"))
		if diff := cmp.Diff(want, a.Meta.Columns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", report, diff)
		}
		if len(a.Data) == 0 || a.Meta.Count != len(a.Data) {
			t.Errorf("%s: %d rows, count %d", report, len(a.Data), a.Meta.Count)
		}
	}
}
