package piwikpro

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const jsonAPI = "application/vnd.api+json"

// resource is an item of a JSON:API document.
type resource struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
}

// document sends a JSON:API document.
func (c *call) document(doc any) {
	out, err := json.Marshal(doc)
	if err != nil {
		http.Error(c.W, err.Error(), http.StatusInternalServerError)
		return
	}
	c.Bytes(http.StatusOK, jsonAPI, out)
}

// list sends the page of all that is asked for (sheet: §3: plain offset and limit).
func (c *call) list(all []resource, least, most int) *problem {
	offset, p := c.parameter("offset", 0, 0, 1<<31)
	if p != nil {
		return p
	}
	limit, p := c.parameter("limit", c.st.cfg.Answers.ListLimit, least, most)
	if p != nil {
		return p
	}
	page := all[min(offset, len(all)):min(offset+limit, len(all))]
	c.document(map[string]any{"meta": map[string]int{"total": len(all)}, "data": append([]resource{}, page...)})
	return nil
}

func (c *call) parameter(name string, value, least, most int) (int, *problem) {
	text := c.R.URL.Query().Get(name)
	if text == "" {
		return value, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, &problem{
			status: http.StatusBadRequest, parameter: name, shape: ShapeErrors,
			title: fmt.Sprintf("Invalid query parameter '%s' - value should be a positive integer - got '%s'", name, text),
		}
	}
	return n, nil
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05+00:00") }

// apps lists the sites of the user; no addresses, no time zone.
func (c *call) apps() *problem {
	var out []resource
	for _, s := range c.st.world.sites {
		if !s.Forbidden {
			out = append(out, resource{"ppms/app", s.ID, map[string]any{
				"name": s.Name, "addedAt": stamp(s.addedAt), "updatedAt": stamp(s.addedAt.AddDate(0, 2, 0)),
			}})
		}
	}
	return c.sorted(out, "-addedAt", "name", "addedAt", "updatedAt")
}

// sorted sends the page of what is searched for, in the order asked for.
func (c *call) sorted(out []resource, order string, keys ...string) *problem {
	q := c.R.URL.Query()
	search := cmp.Or(q.Get("search"), q.Get("search_query"))
	out = slices.DeleteFunc(out, func(r resource) bool {
		return !strings.Contains(strings.ToLower(fmt.Sprint(r.Attributes["name"])), strings.ToLower(search)) && r.ID != search
	})
	order = cmp.Or(q.Get("sort"), order)
	key, desc := strings.CutPrefix(order, "-")
	if !slices.Contains(keys, key) {
		return &problem{
			status: http.StatusBadRequest, parameter: "sort", shape: ShapeErrors,
			title: fmt.Sprintf("Invalid query parameter 'sort' - got '%s'", order),
		}
	}
	slices.SortStableFunc(out, func(a, b resource) int {
		n := cmp.Compare(fmt.Sprint(a.Attributes[key]), fmt.Sprint(b.Attributes[key]))
		if desc {
			return -n
		}
		return n
	})
	return c.list(out, 0, 1000)
}

// app tells the rest of a site.
func (c *call) app() *problem {
	s := c.st.world.site(c.R.PathValue("id"))
	if s == nil || s.Forbidden {
		return &problem{status: http.StatusNotFound, title: "Resource not found", shape: ShapeErrors}
	}
	c.document(map[string]any{"data": resource{"ppms/app", s.ID, map[string]any{
		"name": s.Name, "addedAt": stamp(s.addedAt), "updatedAt": stamp(s.addedAt.AddDate(0, 2, 0)), "organization": "default",
		"appType": "web", "urls": []string{"https://shop.example"}, "timezone": s.Timezone, "currency": s.Currency,
		"eCommerceTracking": true, "gdpr": true, "keepUrlFragment": true, "excludeUnknownUrls": false,
	}}})
	return nil
}

func (c *call) metaSites() *problem {
	var out []resource
	for n, m := range c.st.world.metas {
		at := stamp(time.Date(2020, 1, 1+n, 9, 0, 0, 0, time.UTC))
		out = append(out, resource{"ppms/meta-site", m.ID, map[string]any{"name": m.Name, "created_at": at, "updated_at": at}})
	}
	return c.sorted(out, "name", "name", "created_at", "updated_at")
}

func (c *call) metaApps() *problem {
	m := c.st.world.meta(c.R.PathValue("id"))
	if m == nil {
		return &problem{status: http.StatusNotFound, title: "Resource not found", shape: ShapeErrors}
	}
	var out []resource
	for _, s := range m.sites {
		out = append(out, resource{"ppms/app", s.ID, map[string]any{"name": s.Name, "timezone": s.Timezone, "currency": s.Currency, "cnil": false}})
	}
	return c.sorted(out, "name", "name")
}

// goals lists the goals of a site.
func (c *call) goals() *problem {
	s, p := c.siteParameter()
	if p != nil {
		return p
	}
	var out []resource
	for _, g := range s.goals {
		out = append(out, resource{"Goal", g.uuid, map[string]any{
			"website_id": s.ID, "name": goalName(g), "description": "", "trigger": "url", "pattern_type": "contains",
			"pattern": "thanks", "allow_multiple": true, "case_sensitive": false, "revenue": fmt.Sprintf("%d.%02d", g.cents/100, g.cents%100),
		}})
	}
	return c.list(out, 1, 100_000)
}

// siteParameter is the site a GET is about.
func (c *call) siteParameter() (*site, *problem) {
	id := c.R.URL.Query().Get("website_id")
	if id == "" {
		return nil, invalid("website_id", "This field is required.")
	}
	s := c.st.world.site(id)
	if s == nil || s.Forbidden {
		return nil, c.st.cfg.Answers.forbidden()
	}
	return s, nil
}
