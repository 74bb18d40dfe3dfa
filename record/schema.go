// Package record is the vocabulary between sources, spool and sinks: tables,
// their columns, and batches of rows whose cells were typed exactly once.
//
// Cells are bytes in one arena per batch, never boxed values:
//
//	Integer     8 bytes, two's complement, little-endian
//	Timestamp   8 bytes, microseconds since 1970-01-01T00:00:00Z, little-endian
//	LocalTime   8 bytes, microseconds since 1970-01-01T00:00:00 on the wall clock
//	Date        4 bytes, days since 1970-01-01, little-endian
//	Float       8 bytes, IEEE 754 bits, little-endian
//	Boolean     1 byte, 0 or 1
//	Numeric     canonical decimal in ASCII: no exponent, no plus sign, no
//	            leading zeros, trailing zeros of the fraction kept
//	Text, JSON  UTF-8 without NUL
//
// Invariants: a batch belongs to one table and has exactly that table's
// columns, in that table's order; a null cell has no bytes; a row that could
// not be typed is never in a batch of its table but in one of its rejects
// table. The package imports nothing else of the exporter.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Type is the type of a column's cells.
type Type uint8

// The types, see the package comment for their bytes.
const (
	Text Type = iota
	Integer
	Numeric
	Float
	Boolean
	Date
	Timestamp
	LocalTime
	JSON
)

var typeNames = [...]string{
	Text: "text", Integer: "integer", Numeric: "numeric", Float: "float", Boolean: "boolean",
	Date: "date", Timestamp: "timestamp", LocalTime: "local_timestamp", JSON: "json",
}

// TypeNames returns the names accepted by [ParseType], in a stable order.
func TypeNames() []string { return append([]string(nil), typeNames[:]...) }

// ParseType returns the type of a name as it stands in a configuration.
func ParseType(name string) (Type, error) {
	for t, n := range typeNames {
		if n == name {
			return Type(t), nil
		}
	}
	return 0, fmt.Errorf("unknown type %q", name)
}

// String returns the type's name in configurations.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// MarshalText writes the name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the name.
func (t *Type) UnmarshalText(b []byte) error {
	v, err := ParseType(string(b))
	if err == nil {
		*t = v
	}
	return err
}

// Column is one column of a table.
type Column struct {
	Name        string `json:"name"`                  // SQL-safe and final, see [ColumnNames]
	Origin      string `json:"origin,omitempty"`      // the vendor's name; "" when the same
	Type        Type   `json:"type"`                  // of every non-null cell
	Required    bool   `json:"required,omitempty"`    // a null cell makes the row a reject
	Description string `json:"description,omitempty"` // becomes the column's comment

	// Mask, when set, replaces a Text cell before it is stored; a column that
	// is to be hashed has one. It appends to dst.
	Mask func(dst, cell []byte) []byte `json:"-"`
}

// Wire returns the vendor's name of the column.
func (c Column) Wire() string {
	if c.Origin != "" {
		return c.Origin
	}
	return c.Name
}

// Table is the shape of one table that a stream fills.
type Table struct {
	// Name is "" for the only table of a stream; the tables of a stream that
	// fills several are named for the part after the job's prefix ("order_items").
	Name        string   `json:"name"`
	Columns     []Column `json:"columns"`
	Key         []string `json:"key,omitempty"` // column names that identify a row, account column first
	Description string   `json:"description,omitempty"`
}

// Column returns the index of the named column, or -1.
func (t Table) Column(name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Fingerprint identifies what a sink must know of the table: names, types,
// requirements and key, but not descriptions. 32 hex digits.
func (t Table) Fingerprint() string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, c := range t.Columns {
		// Encoding plain values into a hash cannot fail.
		_ = enc.Encode([]any{c.Name, c.Type.String(), c.Required, c.Mask != nil})
	}
	_ = enc.Encode(t.Key)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Rejects returns the shape of the table that takes the rows of t which could
// not be typed: the raw row, the column at fault and the reason.
func (t Table) Rejects() Table {
	name := "rejects"
	if t.Name != "" {
		name = t.Name + "_rejects"
	}
	return Table{Name: name, Description: "Rows that could not be typed.", Columns: []Column{
		{Name: "raw", Type: JSON, Description: "The row as the vendor sent it."},
		{Name: "column", Type: Text, Description: "The column whose cell could not be typed."},
		{Name: "reason", Type: Text, Required: true, Description: "Why it could not be typed."},
	}}
}
