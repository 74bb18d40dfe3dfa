package piwikpro

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"

	"exporter/record"
)

// kind is what the cells of a column are.
type kind string

const (
	unknownKind kind = ""          // text of whatever comes
	asText      kind = "text"      // "" is none
	asInteger   kind = "integer"   // of 63 bits
	asWide      kind = "wide"      // of 64 bits, a number or a string
	asDecimal   kind = "decimal"   // exact as printed
	asBoolean   kind = "boolean"   //
	asDate      kind = "date"      //
	asTime      kind = "time"      // wall time of the site
	asIntPair   kind = "int_pair"  // [id, label]
	asTextPair  kind = "text_pair" // [id, label]
	asArray     kind = "array"     //
)

func (k kind) pair() bool { return k == asIntPair || k == asTextPair }

// types are those of the columns a kind becomes; the first one of a pair is its id's.
func (k kind) typ() record.Type {
	switch k {
	case asInteger, asIntPair:
		return record.Integer
	case asWide, asDecimal:
		return record.Numeric
	case asBoolean:
		return record.Boolean
	case asDate:
		return record.Date
	case asTime:
		return record.Timestamp
	case asArray:
		return record.JSON
	case unknownKind, asText, asTextPair:
	}
	return record.Text
}

// definition is what is known of a column.
type definition struct {
	Kind   kind   `json:"kind"`
	Metric bool   `json:"metric,omitempty"`
	Name   string `json:"name,omitempty"` // as the vendor's pages show it
}

//go:embed columns.txt
var columnList string

// documented are the columns of the vendor's lists, and patterns for those that are numbered.
var documented = sync.OnceValue(func() map[string]definition {
	all := map[string]definition{}
	var section definition
	for line := range strings.Lines(columnList) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = definition{Kind: kind(strings.Trim(line, "[]"))}
			switch section.Kind {
			case "count":
				section = definition{Kind: asInteger, Metric: true}
			case "rate":
				section = definition{Kind: asDecimal, Metric: true}
			}
		default:
			d := section
			id, name, _ := strings.Cut(line, " ")
			d.Name = name
			all[id] = d
		}
	}
	return all
})

var digits = regexp.MustCompile(`[0-9]+`)

// documentedAs returns what the vendor's lists say of an id.
func documentedAs(id string) (definition, bool) {
	d, ok := documented()[id]
	if !ok {
		if at := digits.FindStringIndex(id); at != nil {
			d, ok = documented()[id[:at[0]]+"*"+id[at[1]:]]
			d.Name = strings.Replace(d.Name, "*", id[at[0]:at[1]], 1)
		}
	}
	return d, ok
}

// transformed returns what becomes of a column that is d by a transformation.
func (d definition) transformed(c column) definition {
	if c.transformation == "" {
		return d
	}
	t := transformations[c.transformation]
	d.Metric = t.metric
	switch own := d.Kind; {
	case c.transformation == idValueGrouping || c.transformation == "group_dimension_values":
		d.Kind = unknownKind // a label, or an id with one: not documented
	case t.kind != unknownKind:
		d.Kind = t.kind
	case own != asInteger && own != asWide:
		d.Kind = asDecimal
	}
	d.Name = strings.TrimSpace(d.Name + ", " + strings.ReplaceAll(c.transformation, "_", " "))
	return d
}
