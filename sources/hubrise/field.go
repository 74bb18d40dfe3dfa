package hubrise

import (
	"exporter/record"
)

// kind is how a member of a document becomes a cell.
type kind uint8

const (
	kindPlain    kind = iota // a scalar; null and "" are null
	kindMoney                // the amount of "9.80 EUR"
	kindCurrency             // and its currency
	kindTime                 // an instant
	kindFlag                 // a boolean that is false where it is missing
	kindJSON                 // an object or a list, as it stands
	kindAround               // nothing of the document: what it belongs to
	kindExtra                // the members that nobody has planned for
	kindRaw                  // the whole document
)

// around are the values of rows that do not stand in their documents.
type around uint8

const (
	theAccount around = iota
	theLocation
	theOrder
	theItem
	theNumber // of an element in its list, from 0
	theName   // of an element in its map, or of what it belongs to
	theZone
	theDate
	theOwner // what the element belongs to: a list, a catalog
	theID    // of an element that may have none of its own
	arounds
)

// field is a column and where its cells come from.
type field struct {
	column record.Column
	kind   kind
	member string // "deal_line.label": a member of an object inside
	around around
}

// shape is what a table is made of.
type shape struct {
	name, doc string
	key       []string
	fields    []field
	apart     []string // members that have tables of their own
	known     []string // members that say nothing new
}

// table returns the table with all its columns.
func (s shape) table() record.Table {
	t := record.Table{Name: s.name, Description: s.doc, Key: s.key}
	for _, f := range s.fields {
		t.Columns = append(t.Columns, f.column)
	}
	return t
}

func of(name string, typ record.Type, doc string) field {
	return field{column: record.Column{Name: name, Type: typ, Description: doc}, member: name}
}

func text(name, doc string) field    { return of(name, record.Text, doc) }
func numeric(name, doc string) field { return of(name, record.Numeric, doc) }
func integer(name, doc string) field { return of(name, record.Integer, doc) }
func date(name, doc string) field    { return of(name, record.Date, doc) }
func boolean(name, doc string) field { return of(name, record.Boolean, doc) }

func flag(name, doc string) field {
	f := of(name, record.Boolean, doc)
	f.kind = kindFlag
	return f
}

func instant(name, doc string) field {
	f := of(name, record.Timestamp, doc)
	f.kind = kindTime
	return f
}

func tree(name, doc string) field {
	f := of(name, record.JSON, doc)
	f.kind = kindJSON
	return f
}

// money is an amount and its currency.
func money(name, doc string) []field {
	amount, currency := of(name, record.Numeric, doc), of(name, record.Text, "Currency of "+name+".")
	amount.kind, currency.kind = kindMoney, kindCurrency
	currency.column.Name, currency.column.Origin = name+"_currency", name
	return []field{amount, currency}
}

// from makes a field come from another member than its column is called.
func (f field) from(member string) field {
	f.member, f.column.Origin = member, member
	return f
}

func (f field) required() field {
	f.column.Required = true
	return f
}

// is makes a field of what a row belongs to.
func (a around) is(name string, typ record.Type, doc string) field {
	return field{column: record.Column{Name: name, Type: typ, Description: doc}, kind: kindAround, around: a}
}

func account() field {
	return theAccount.is("account_id", record.Text, "Id of the account.").required()
}

func extra() field {
	return field{column: record.Column{Name: "_extra", Type: record.JSON, Description: "Members of the document that have no column."}, kind: kindExtra}
}

func raw() field {
	return field{column: record.Column{Name: "raw", Type: record.JSON, Description: "The whole document as the vendor sent it."}, kind: kindRaw}
}

// fields puts single fields and groups of them in a row.
func fields(parts ...any) []field {
	var all []field
	for _, p := range parts {
		switch p := p.(type) {
		case field:
			all = append(all, p)
		case []field:
			all = append(all, p...)
		}
	}
	return all
}
