package hasoffers

import (
	"slices"

	"exporter/record"
	"exporter/sources"
)

// The streams.
const (
	streamConversions = "conversions"
	streamUpdates     = "conversion_updates"
)

// Columns that are no field of a conversion. Their origin is what no field can be called.
const (
	columnNetwork = "network_id"
	originNetwork = "NetworkId"
	columnChange  = "change"
	originChange  = "Method"
)

// streams returns both streams with the tables that the asked fields make.
func streams(asked []string) []sources.Stream {
	return []sources.Stream{
		{
			Name: streamConversions, Doc: "Conversions by the time they happened.",
			Tables: []record.Table{table(asked, "Conversions, one row each, in their present state.")},
		},
		{
			Name: streamUpdates, Doc: "Conversions that people changed or added by hand, by day.",
			Tables: []record.Table{updatesTable(asked)},
		},
	}
}

func table(asked []string, doc string) record.Table {
	t := record.Table{Description: doc, Columns: []record.Column{{
		Name: columnNetwork, Origin: originNetwork, Type: record.Text, Required: true,
		Description: "Network the conversion belongs to.",
	}}}
	names := record.ColumnNames(withLocals(asked))
	for _, name := range asked {
		f := known(name)
		t.Columns = append(t.Columns, record.Column{
			Name: names[len(t.Columns)-1], Origin: name, Type: f.typ, Description: f.doc,
		})
		if local(f) {
			t.Columns = append(t.Columns, record.Column{
				Name: names[len(t.Columns)-1], Origin: name, Type: record.LocalTime,
				Description: "The same as the vendor wrote it, on the wall clock of the network.",
			})
		}
	}
	for _, key := range []string{fieldID, fieldEventID} {
		if slices.Contains(asked, key) {
			t.Key = []string{columnNetwork, key}
			// A row without its key is a reject: nothing could tell it from another.
			t.Columns[slices.IndexFunc(t.Columns, func(c record.Column) bool { return c.Origin == key })].Required = true
			break
		}
	}
	return t
}

func updatesTable(asked []string) record.Table {
	t := table(asked, "Conversions that people changed or added by hand, in the state of the day they were read.")
	t.Columns = slices.Insert(t.Columns, 1, record.Column{
		Name: columnChange, Origin: originChange, Type: record.Text, Required: true,
		Description: "updated or added.",
	})
	if t.Key != nil {
		t.Key = append(t.Key, columnChange)
	}
	return t
}

// local tells whether a field also gets a column of its wall time.
func local(f field) bool { return f.typ == record.Timestamp && !f.utc }

// withLocals returns the names of the columns that the fields become.
func withLocals(asked []string) []string {
	var all []string
	for _, name := range asked {
		all = append(all, name)
		if local(known(name)) {
			all = append(all, name+"_local")
		}
	}
	return all
}
