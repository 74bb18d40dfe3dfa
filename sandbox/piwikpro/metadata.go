package piwikpro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// customDimensions lists the definitions of custom dimensions of a site.
func (c *call) customDimensions() *problem {
	s, p := c.siteParameter()
	if p != nil {
		return p
	}
	var out []resource
	for n := range 6 {
		scope := "session"
		if n%2 == 1 {
			scope = "event"
		}
		out = append(out, resource{"CustomDimension", uuid(mix(s.seed, uint64(n)+700)), map[string]any{
			"website_id": s.ID, "name": fmt.Sprintf("Custom dimension %d", n+1), "active": true, "case_sensitive": false,
			"tracking_id": n + 1, "scope": scope, "slot": n/2 + 1, "extractions": []any{},
		}})
	}
	return c.list(out, 1, 100_000)
}

// dimensionList tells about the dimensions of a site; nothing of it is documented (sheet: §2).
func (c *call) dimensionList() *problem {
	if _, p := c.siteParameter(); p != nil {
		return p
	}
	out := []any{}
	for _, id := range sortedKeys(dimensionsByID) {
		d := dimensionsByID[id]
		out = append(out, metadata(id, d.name, d.typ, d.scope, d.nullable))
	}
	return c.plainList(out)
}

func (c *call) metricList() *problem {
	if _, p := c.siteParameter(); p != nil {
		return p
	}
	out := []any{}
	for _, m := range metrics {
		if !m.foreign {
			out = append(out, metadata(m.id, m.name, m.typeName(), sessionScope, false))
		}
	}
	return c.plainList(out)
}

func sortedKeys(m map[string]*dimension) []string {
	out := make([]string, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func (c *call) plainList(list []any) *problem {
	if !strings.Contains(c.R.Header.Get("Accept"), "application/json") {
		return &problem{status: http.StatusNotAcceptable, detail: "Not acceptable.", shape: ShapeErrors}
	}
	doc, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts and flags can be written
	}
	c.Bytes(http.StatusOK, "application/json", doc)
	return nil
}

// metadata is an item of both lists.
func metadata(id, name, typ string, sc scope, nullable bool) map[string]any {
	scopes := map[scope]string{sessionScope: "session", eventScope: "event", productScope: "product"}
	return map[string]any{
		"column_id": id, "requires_events": sc != sessionScope,
		"column_meta": map[string]any{
			"column_name": name, "column_type": typ, "column_category": []string{"Other"}, "column_unit": nil,
			"scope": scopes[sc], "is_nullable": nullable, "is_visible": true, "is_rtr_compatible": false,
		},
	}
}
