package hubrise

import "time"

func (a *account) write(d *doc) {
	d.open("")
	d.members(a)
	d.close()
}

// members are those of an account, also inside its locations.
func (d *doc) members(a *account) {
	d.text("id", a.ID)
	d.text("name", a.Name)
	d.text("currency", a.Currency)
}

// write appends a location (sheet: Location).
func (l *location) write(d *doc, look Answers) {
	d.open("")
	d.text("id", l.ID)
	d.text("name", l.Name)
	d.open("account")
	d.members(l.account)
	d.close()
	d.text("address", "13 "+streets[l.seed%uint64(len(streets))])
	d.text("postal_code", base36(l.seed, 5))
	d.text("city", l.Name)
	d.text("country", "FR")
	d.open("timezone")
	d.text("name", l.zone.String())
	d.close()
	d.text("cutoff_time", "06:00")
	if l.n%3 == 2 {
		d.null("opening_hours")
	} else {
		d.raw("opening_hours", `{"monday":[{"from":"12:00","to":"14:00"},{"from":"18:00","to":"01:00"}],"sunday":[]}`)
	}
	mode := "normal"
	if look.Acceptance == AcceptanceOnline {
		mode = "online"
	}
	if l.n%5 == 4 {
		mode = "paused"
	}
	if look.Fields != FieldsOld {
		d.int("preparation_time", 15+5*(l.n%3))
		d.open("order_acceptance")
		d.text("mode", mode)
		d.close()
	}
	if l.n%2 == 0 {
		d.raw("custom_fields", `{"delivery":{"door_time":"35"}}`)
	} else {
		d.raw("custom_fields", "{}")
	}
	d.close()
}

// write appends a list; only the list of lists says when it was made.
func (l *list) write(d *doc, v *view, inIndex bool) {
	d.open("")
	d.text("id", l.ID)
	d.text("name", l.Name)
	if inIndex {
		d.time("created_at", v.first.Unix()-int64(l.seed%(900*86_400)))
	}
	d.close()
}

// place is the location whose zone times of the whole account are written in.
func (a *account) place() *location {
	if len(a.locations) > 0 {
		return a.locations[0]
	}
	return &location{account: a, zone: time.UTC}
}
