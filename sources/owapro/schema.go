package owapro

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"exporter/record"
	"exporter/sources"
)

// Descriptions of the streams.
const (
	docReport      = "A report by customer and day: the dimensions and metrics of the job."
	docCustomers   = "Customers the login may see."
	docTrackgroups = "Channels (trackgroups) of every customer."
	docConfigs     = "Report types (configs) with their ids."
)

// Origins of columns that are no column of a report. No name of the vendor's has a blank in it.
const (
	originAccount  = "customer id"
	originID       = "entry id"
	originName     = "entry name"
	originCurrency = "report currency"
)

const columnCustomer = "customer_id"

func accountColumn() record.Column {
	return record.Column{Name: columnCustomer, Origin: originAccount, Type: record.Text, Required: true, Description: "Id of the customer."}
}

// directories returns the streams whose tables are the same for everybody.
func directories() []sources.Stream {
	name := record.Column{Name: "name", Origin: originName, Type: record.Text}
	id := func(column, doc string) record.Column {
		return record.Column{Name: column, Origin: originID, Type: record.Text, Required: true, Description: doc}
	}
	return []sources.Stream{
		{Name: streamCustomers, Doc: docCustomers, Tables: []record.Table{{
			Description: docCustomers, Key: []string{columnCustomer},
			Columns: []record.Column{id(columnCustomer, "Id of the customer."), name},
		}}},
		{Name: streamTrackgroups, Doc: docTrackgroups, Tables: []record.Table{{
			Description: docTrackgroups, Key: []string{columnCustomer, "customer_trackgroup_id"},
			Columns: []record.Column{accountColumn(), id("customer_trackgroup_id", "Id of the channel."), name},
		}}},
		{Name: streamConfigs, Doc: docConfigs, Tables: []record.Table{{
			Description: docConfigs, Key: []string{"config_id"},
			Columns: []record.Column{id("config_id", "Id of the report type: the option configid."), name},
		}}},
	}
}

// reportStream returns the report with a table for each block.
func (s *source) reportStream(d *definition) sources.Stream {
	stream := sources.Stream{Name: streamReport, Doc: docReport}
	if d == nil { // nothing was asked for yet
		stream.Doc += " Its columns are those of the job's options."
		stream.Tables = []record.Table{{Description: docReport, Columns: []record.Column{accountColumn()}, Key: []string{columnCustomer}}}
		return stream
	}
	blocks := s.report.blocks()
	for _, name := range blockNames(blocks) {
		t := s.table(blocks[name], d.Blocks[name])
		t.Name = name
		stream.Tables = append(stream.Tables, t)
	}
	return stream
}

// blockNames returns the order of a report's tables.
func blockNames(blocks map[string]Block) []string { return slices.Sorted(maps.Keys(blocks)) }

// table returns the columns of a block, in the order they were asked for.
func (s *source) table(b Block, d blockDefinition) record.Table {
	t := record.Table{Description: docReport, Key: []string{columnCustomer}, Columns: []record.Column{accountColumn()}}
	names := newNaming(b)
	for _, dim := range b.Dimensions {
		c := record.Column{Origin: dim, Type: record.Text, Description: d.title(dim)}
		if dim == fieldDate {
			c.Type, c.Required = record.Date, true
		}
		c.Name = names.of(dim)
		t.Columns = append(t.Columns, c)
		id := d.IDs[dim]
		switch {
		case id == "":
			t.Key = append(t.Key, c.Name)
		case id != fieldCustomerID: // that is the account
			key := record.Column{Name: names.of(names.generated[dim]), Origin: id, Type: record.Text, Description: "Id of " + c.Name + "."}
			t.Columns = append(t.Columns, key)
			t.Key = append(t.Key, key.Name)
		}
	}
	for _, m := range b.Metrics {
		t.Columns = append(t.Columns, s.metricColumns(m, names, d)...)
	}
	if s.report.currency() == currencyOfCustomer && d.money(b) {
		t.Columns = append(t.Columns, record.Column{
			Name: names.of(names.generated[originCurrency]), Origin: originCurrency, Type: record.Text, Description: "Currency of all amounts of the row.",
		})
	}
	return t
}

func (s *source) metricColumns(m string, names naming, d blockDefinition) []record.Column {
	format := d.Formats[m]
	c := record.Column{Name: names.of(m), Origin: m, Type: typeOf(format), Description: d.title(m)}
	switch {
	case format == "percent":
		c.Description = sentence(c.Description, "In percent: 12.5 is 12.5 %.")
	case format == "currency" && s.report.currency() != currencyOfCustomer:
		c.Description = sentence(c.Description, "In "+s.report.currency()+".")
	case format == "datetime" && s.config.Zone() != nil:
		local := c
		local.Name, local.Type = names.of(names.generated[m]), record.LocalTime
		local.Description = "The same as the vendor wrote it, on the wall clock."
		c.Type = record.Timestamp
		return []record.Column{c, local}
	}
	return []record.Column{c}
}

func sentence(a, b string) string { return strings.TrimSpace(a + " " + b) }

// typeOf returns the type of a metric's format. Without a probe, formats are
// inferred and only these: text, date and float.
func typeOf(format string) record.Type {
	switch format {
	case "integer":
		return record.Integer
	case "float", "percent", "currency":
		return record.Numeric
	case "date":
		return record.Date
	case "datetime":
		return record.LocalTime
	case "boolean":
		return record.Boolean
	default: // text, url, time, text_array and what may come
		return record.Text
	}
}

// naming maps the vendor's names, and those generated for columns beside them, to
// names of columns.
type naming struct {
	names     map[string]string
	generated map[string]string // what beside a vendor's name has no name of its own
}

func newNaming(b Block) naming {
	n := naming{names: map[string]string{}, generated: map[string]string{}}
	originals := append([]string{columnCustomer}, b.names()...)
	for i, name := range originals {
		if i > 0 && name == columnCustomer {
			originals[i] = vendorsCustomer
		}
	}
	beside := func(name, wanted string) {
		for slices.Contains(originals, wanted) {
			wanted += " " // told apart by its hash
		}
		n.generated[name] = wanted
		originals = append(originals, wanted)
	}
	for _, dim := range b.Dimensions {
		beside(dim, dim+"_id")
	}
	for _, m := range b.Metrics {
		beside(m, m+"_local")
	}
	beside(originCurrency, "currency")
	for i, name := range record.ColumnNames(originals) {
		n.names[originals[i]] = name
	}
	return n
}

// vendorsCustomer stands for a column of the vendor's that is called like ours.
const vendorsCustomer = columnCustomer + " "

func (n naming) of(original string) string {
	if original == columnCustomer {
		original = vendorsCustomer
	}
	return n.names[original]
}

// title describes a column by the vendor's own words for it.
func (d blockDefinition) title(name string) string {
	for _, t := range d.Titles[name] {
		if t = strings.TrimSpace(t); t != "" && t != name {
			return fmt.Sprintf("%s.", strings.TrimSuffix(t, "."))
		}
	}
	return ""
}

// money tells whether a block has amounts.
func (d blockDefinition) money(b Block) bool {
	return slices.ContainsFunc(b.Metrics, func(m string) bool { return d.Formats[m] == "currency" })
}
