package owapro

import (
	"net/http"
	"strconv"

	"exporter/sandbox/meter"
)

// entry is a name and its id.
type entry struct {
	id   int64
	name string
}

// customers answers what the person may see.
func (c *call) customers() *problem {
	var list []entry
	for _, customer := range c.st.world.customers {
		if !customer.Forbidden && !customer.Removed {
			list = append(list, entry{int64(customer.ID), customer.Name})
		}
	}
	return c.list("customer", list)
}

// trackgroups answers the channels of a customer, those without data included.
func (c *call) trackgroups() *problem {
	customer, p := c.customer(c.R.URL.Query().Get("customerid"))
	if p != nil {
		return p
	}
	var list []entry
	for _, g := range customer.groups {
		list = append(list, entry{g.id, g.label})
	}
	return c.list("customer_trackgroup", list)
}

// configs answers the reports there are.
func (c *call) configs() *problem {
	var list []entry
	for _, r := range c.st.world.Reports {
		if !r.Forbidden && !r.Removed {
			list = append(list, entry{int64(r.ID), r.Name})
		}
	}
	return c.list("config", list)
}

// config answers what a report can be asked for.
func (c *call) config() *problem {
	r, p := c.report(c.R.PathValue("configid"))
	if p != nil {
		return p
	}
	if _, p = c.customer(c.R.URL.Query().Get("customerid")); p != nil {
		return p
	}
	var dims, metrics []map[string]string
	for _, d := range dimensions {
		dims = append(dims, map[string]string{"name": d.name, "title": d.display, "dw_name_id": d.nameID})
	}
	for _, m := range r.metrics() {
		metrics = append(metrics, map[string]string{"name": m.name, "title": m.display, "format": m.format, "category": m.category})
	}
	c.JSON(http.StatusOK, c.envelope([]any{map[string]any{
		"configid": strconv.Itoa(r.ID), "config": r.Name, "required_filters": r.Required,
		"dimensions": []string{"date", "customer_trackgroup"}, "metrics": []string{"click_count_pub", "sale_count"},
		"available": map[string]any{"dimensions": dims, "metrics": metrics},
	}}, ""))
	return nil
}

// customer finds a customer that may be asked about.
func (c *call) customer(id string) (*customer, *problem) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return nil, badRequest("customerid %q is missing or no number", id)
	}
	found := c.st.world.customer(n)
	switch {
	case found == nil:
		return nil, notFound("customer", id)
	case found.Removed:
		return nil, gone("customer", id)
	case found.Forbidden:
		return nil, forbidden("customer", id)
	}
	return found, nil
}

// report finds a report that may be asked for.
func (c *call) report(id string) (Report, *problem) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return Report{}, badRequest("configid %q is missing or no number", id)
	}
	found, ok := c.st.world.report(n)
	switch {
	case !ok:
		return found, notFound("config", id)
	case found.Removed:
		return found, gone("config", id)
	case found.Forbidden:
		return found, forbidden("config", id)
	}
	return found, nil
}

// list answers a page of a list in one of the shapes it may have.
func (c *call) list(what string, list []entry) *problem {
	q := c.R.URL.Query()
	limit, page := len(list), 1
	for name, into := range map[string]*int{"page_limit": &limit, "page_number": &page} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return badRequest("%s %q is no number above 0", name, text)
		}
		*into = n
	}
	if c.st.cfg.Answers.IgnorePageNumber {
		page = 1
	}
	part, pages := cut(list, c.st.cfg.Answers.capped(limit), page)
	served := meter.Page{Operation: c.op, Key: c.key, Page: q.Get("page_number"), Rows: len(part)}
	idName, name := what+"id", what
	if c.st.cfg.Answers.Lists == ListBare {
		idName, name = "id", "name"
	}
	rows := make([]map[string]string, 0, len(part))
	for _, e := range part {
		rows = append(rows, map[string]string{idName: strconv.FormatInt(e.id, 10), name: e.name})
	}
	if len(rows) > 0 {
		served.First, served.Last = rows[0][idName], rows[len(rows)-1][idName]
	}
	c.s.meter.Served(served)
	switch c.st.cfg.Answers.Lists {
	case ListBare:
		c.JSON(http.StatusOK, rows)
	case ListBlocks:
		c.JSON(http.StatusOK, c.envelope([]any{map[string]any{
			"data_blockid": "1", "data": rows, "metadata": map[string]any{},
			"status": map[string]any{"code": 0, "items": len(rows), "pages": pages},
		}}, ""))
	default:
		c.JSON(http.StatusOK, c.envelope(rows, ""))
	}
	return nil
}

// capped is a page's size as the server allows it; 0 = all rows.
func (a Answers) capped(limit int) int {
	if a.MaxPageLimit > 0 && (limit == 0 || limit > a.MaxPageLimit) {
		return a.MaxPageLimit
	}
	return limit
}

// cut returns a page of a list and how many there are; limit 0 means one page of all.
func cut[T any](list []T, limit, page int) (part []T, pages int) {
	if limit == 0 {
		limit = max(len(list), 1)
	}
	pages = (len(list) + limit - 1) / limit
	if page > pages {
		return nil, pages
	}
	return list[(page-1)*limit : min(page*limit, len(list))], pages
}
