package piwikpro

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
	"exporter/sources/jsonbody"
)

// entry is an app or a goal. Values that need no looking at stay as they came.
type entry struct {
	ID         string `json:"id"`
	Attributes struct {
		Timezone string `json:"timezone"`
	} `json:"attributes"`
	all map[string]json.RawMessage // attributes
}

// entryOf reads an entry of a directory.
func entryOf(raw []byte) (entry, error) {
	var e entry
	var attributes struct {
		All map[string]json.RawMessage `json:"attributes"`
	}
	if err := errors.Join(json.Unmarshal(raw, &e), json.Unmarshal(raw, &attributes)); err != nil {
		return e, fault.New(fault.Data, "an entry cannot be read: %w", err).WithHint("The vendor's answer has another shape than known; report it.")
	}
	if e.ID == "" {
		return e, fault.New(fault.Data, "an entry has no id").WithHint("The vendor's answer has another shape than known; report it.")
	}
	e.all = attributes.All
	return e, nil
}

const originID = "id"

func appTable() record.Table {
	return record.Table{
		Description: docs[streamApps], Key: []string{"website_id"}, Columns: []record.Column{
			{Name: "website_id", Origin: originID, Type: record.Text, Required: true, Description: "Id of the site or app."},
			{Name: "name", Type: record.Text},
			{Name: "timezone", Type: record.Text, Description: "Zone of all its times and days."},
			{Name: "currency", Type: record.Text, Description: "Currency of the revenue of goals."},
			{Name: "urls", Type: record.JSON, Description: "Addresses it is reached at."},
			{Name: "app_type", Origin: "appType", Type: record.Text, Description: "web, sharepoint or demo."},
			{Name: "organization", Type: record.Text},
			{Name: "e_commerce_tracking", Origin: "eCommerceTracking", Type: record.Boolean},
			{Name: "added_at", Origin: "addedAt", Type: record.Timestamp},
			{Name: "updated_at", Origin: "updatedAt", Type: record.Timestamp},
		},
	}
}

func goalTable() record.Table {
	return record.Table{
		Description: docs[streamGoals], Key: []string{"website_id", "goal_uuid"}, Columns: []record.Column{
			{Name: "website_id", Origin: originWebsite, Type: record.Text, Required: true, Description: "Id of the site or app."},
			{Name: "goal_uuid", Origin: originID, Type: record.Text, Required: true, Description: "Id of the goal, as in goal_conversions@<id> of a query."},
			{Name: "name", Type: record.Text},
			{Name: "description", Type: record.Text},
			{Name: "trigger", Type: record.Text, Description: "What converts it: url, title, event_name, event_category, event_action, file, external_website or manually."},
			{Name: "pattern_type", Type: record.Text, Description: "contains, exact or regex."},
			{Name: "pattern", Type: record.Text},
			{Name: "allow_multiple", Type: record.Boolean, Description: "Whether it can be converted more than once in a session."},
			{Name: "case_sensitive", Type: record.Boolean},
			{Name: "revenue", Type: record.Numeric, Description: "What a conversion is worth, in the currency of the app."},
		},
	}
}

// apps reads the list of apps, and of each app what the list leaves out.
func (r *reader) apps() error {
	r.build = record.NewBuilder(0, r.req.Stream.Tables[0], nil)
	var page [][]byte // an app is asked for when the list has given its place free
	p := &pager{reader: r}
	p.ask = func(offset int64, limit int, each func([]byte) error) (int64, error) {
		page = page[:0]
		return r.s.list(r.ctx, listOfApps(), offset, limit, each)
	}
	p.take = func(raw []byte) (bool, error) {
		page = append(page, bytes.Clone(raw))
		return false, nil
	}
	p.finish = func() error {
		for _, raw := range page {
			if err := r.oneApp(raw); err != nil {
				return err
			}
		}
		return nil
	}
	return p.pages()
}

func (r *reader) oneApp(raw []byte) error {
	listed, err := entryOf(raw)
	if err != nil {
		return err
	}
	detail, err := r.s.app(r.ctx, listed.ID)
	switch status := statusOf(err); {
	case status == http.StatusForbidden || status == http.StatusNotFound:
		r.warn("app %s is on the list, but its settings cannot be seen (%d): its zone, currency and addresses stay empty", listed.ID, status)
		return r.fill(raw)
	case err != nil:
		return fault.New(fault.ClassOf(err), "settings of app %s: %w", listed.ID, err)
	}
	if got, err := entryOf(detail); err != nil || got.ID != listed.ID {
		return errors.Join(err, fault.New(fault.Data, "asked for app %s and got %q", listed.ID, got.ID).WithHint("The vendor's answer has another shape than known; report it."))
	}
	return r.fill(detail)
}

// goals reads the goals of a site.
func (r *reader) goals() error {
	if r.req.Part == "" {
		return fault.New(fault.Config, "goals are read by site, and none is named")
	}
	r.build = record.NewBuilder(0, r.req.Stream.Tables[0], nil)
	p := &pager{reader: r}
	p.ask = func(offset int64, limit int, each func([]byte) error) (int64, error) {
		return r.s.list(r.ctx, listOfGoals(r.req.Part), offset, limit, each)
	}
	p.take = func(raw []byte) (bool, error) {
		if err := r.fill(raw); err != nil || !full(r.build) {
			return false, err
		}
		return false, r.send(sources.Page{Announced: sources.Unknown})
	}
	return p.pages()
}

// fill appends the row of an entry.
func (r *reader) fill(raw []byte) error {
	e, err := entryOf(raw)
	if err != nil {
		return err
	}
	var scratch []byte
	table := r.req.Stream.Tables[0]
	for _, c := range table.Columns {
		value := e.all[c.Wire()]
		switch {
		case c.Wire() == originWebsite: // of goals
			r.build.Raw([]byte(r.req.Part))
		case c.Wire() == originID:
			r.build.Raw([]byte(e.ID))
		case len(value) == 0 || null(value) || string(value) == `""`:
			r.build.Null()
		case c.Type == record.JSON:
			r.build.Text(value)
		default:
			r.build.Raw(jsonbody.Plain(&scratch, value))
		}
	}
	r.build.EndRow(func() []byte {
		shown := map[string]json.RawMessage{}
		for _, c := range table.Columns {
			if value := e.all[c.Wire()]; value != nil && c.Mask == nil {
				shown[c.Wire()] = value
			}
		}
		if i := slices.IndexFunc(table.Columns, func(c record.Column) bool { return c.Wire() == originID }); i >= 0 && table.Columns[i].Mask == nil {
			shown[originID], _ = json.Marshal(e.ID) // a string
		}
		text, _ := json.Marshal(shown) // of values that were JSON before
		return text
	})
	return nil
}
