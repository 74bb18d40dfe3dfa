package owapro

import (
	"fmt"
	"strconv"
	"time"
)

// dimension is what rows are grouped by: a property of the day or of the trackgroup.
type dimension struct {
	name, display string
	nameID        string // dw_name_id, the name itself where values have no ids

	day   func(time.Time) string
	group func(*trackgroup) (label string, ok bool)
	id    func(*trackgroup) int64
}

func (d *dimension) hasID() bool { return d.id != nil }

func (d *dimension) idText(g *trackgroup) string { return strconv.FormatInt(d.id(g), 10) }

var dimensions = []*dimension{
	ofDay("date", func(t time.Time) string { return t.Format(time.DateOnly) }),
	ofDay("day_of_quarter", func(t time.Time) string {
		first := time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
		return strconv.Itoa(t.YearDay() - first.YearDay() + 1)
	}),
	ofDay("day_of_week", func(t time.Time) string { return t.Weekday().String() }),
	ofDay("day_of_year", func(t time.Time) string { return strconv.Itoa(t.YearDay()) }),
	ofDay("month", func(t time.Time) string { return t.Month().String() }),
	ofDay("month_of_year", func(t time.Time) string { return t.Format("2006-01") }),
	ofDay("week", func(t time.Time) string { _, w := t.ISOWeek(); return strconv.Itoa(w) }),
	ofDay("week_of_year", yearWeek),
	ofDay("week_of_year_friday", func(t time.Time) string { return yearWeek(t.AddDate(0, 0, 3)) }),
	ofDay("year", func(t time.Time) string { return strconv.Itoa(t.Year()) }),
	ofDay("year_by_week", func(t time.Time) string { y, _ := t.ISOWeek(); return strconv.Itoa(y) }),
	ofDay("year_quarter", func(t time.Time) string { return fmt.Sprintf("%d-%d", t.Year(), (t.Month()-1)/3+1) }),

	{
		name: "customer", nameID: "customerid", display: "Customer",
		group: func(g *trackgroup) (string, bool) { return g.customer.Name, true },
		id:    func(g *trackgroup) int64 { return int64(g.customer.ID) },
	},
	{
		name: "customer_trackgroup", nameID: "customer_trackgroupid", display: "Trackgroup",
		group: func(g *trackgroup) (string, bool) { return g.label, true },
		id:    func(g *trackgroup) int64 { return g.id },
	},
	ofGroup("customerid", "cid", func(g *trackgroup) (string, bool) { return strconv.Itoa(g.customer.ID), true }),
	ofGroup("customer_trackgroupid", "Trackgroup ID", func(g *trackgroup) (string, bool) { return strconv.FormatInt(g.id, 10), true }),
	ofGroup("acc_channel", "Channel", always((*trackgroup).channel)),
	ofGroup("acc_subchannel", "Subchannel", always((*trackgroup).kind)),
	ofGroup("acc_group", "Group", always((*trackgroup).paid)),
	ofGroup("acc_subgroup", "Subgroup", always(func(g *trackgroup) string { return g.paid() + " " + g.kind() })),
	ofGroup("acc_invoice_channel", "Invoice Channel", always((*trackgroup).channel)),
	ofGroup("acc_invoice_subchannel", "Invoice Subchannel", always((*trackgroup).kind)),
	ofGroup("acc_invoice_group", "Invoice Group", always((*trackgroup).paid)),
	ofGroup("level1_customer_trackgroup", "Level 1", always((*trackgroup).channel)),
	ofGroup("level2_customer_trackgroup", "Level 2", always((*trackgroup).kind)),
	ofGroup("level3_customer_trackgroup", "Level 3", func(g *trackgroup) (string, bool) { return fmt.Sprintf("Ad %d", g.n%7), g.n%2 == 0 }),
	ofGroup("level4_customer_trackgroup", "Level 4", func(*trackgroup) (string, bool) { return "", false }),
	ofGroup("level5_customer_trackgroup", "Level 5", func(*trackgroup) (string, bool) { return "", false }),
	ofGroup("tag", "tag\t", func(g *trackgroup) (string, bool) { return "Tag " + strconv.Itoa(g.n%4), g.n%3 > 0 }),
	ofGroup("group_type", "Group Type", always((*trackgroup).paid)),
	ofGroup("CHAIN:acc_channel:-1:single", "cj_acc_channel_first", func(g *trackgroup) (string, bool) { return channels[g.seed%uint64(len(channels))], true }),
	ofGroup("OP:fv_dealer", "op_dealer\t", func(g *trackgroup) (string, bool) { return fmt.Sprintf("Händler %d", g.seed%5), g.seed%4 > 0 }),
}

func ofDay(name string, of func(time.Time) string) *dimension {
	return &dimension{name: name, nameID: name, display: displayName(name), day: of}
}

func ofGroup(name, display string, of func(*trackgroup) (string, bool)) *dimension {
	return &dimension{name: name, nameID: name, display: display, group: of}
}

func always(of func(*trackgroup) string) func(*trackgroup) (string, bool) {
	return func(g *trackgroup) (string, bool) { return of(g), true }
}

func (g *trackgroup) paid() string {
	switch g.channel() {
	case "SEO", "Direct", "Newsletter":
		return "organic"
	}
	return "paid"
}

// displayName writes day_of_week as "Day of week".
func displayName(name string) string {
	out := []byte(name)
	for i, c := range out {
		if c == '_' {
			out[i] = ' '
		}
	}
	out[0] -= 'a' - 'A'
	return string(out)
}

func yearWeek(t time.Time) string {
	y, w := t.ISOWeek()
	return fmt.Sprintf("%d-%02d", y, w)
}

func findDimension(name string) *dimension {
	for _, d := range dimensions {
		if d.name == name {
			return d
		}
	}
	return nil
}
