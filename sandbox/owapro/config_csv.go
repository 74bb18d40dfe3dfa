package owapro

// CSV is how the vendor answers text (sheet: Report response (CSV), all of it assumed).
type CSV struct {
	Ask         Ask     `json:"ask"`          // how CSV is asked for
	Param       string  `json:"param"`        // name of the parameter of ask "query" and "body"; default "format"
	Value       string  `json:"value"`        // and its value; default "csv"
	Answer      Answer  `json:"answer"`       // what asking leads to
	ContentType string  `json:"content_type"` // default text/csv
	NoCharset   bool    `json:"no_charset"`   // the content type does not name one
	Dialect     Dialect `json:"dialect"`

	Then  *Dialect `json:"then"`  // another dialect, for the answers after the first After ones
	After int      `json:"after"` // 0 = at once
}

// Dialect is one way of writing text.
type Dialect struct {
	Delimiter string   `json:"delimiter"` // one byte, default ";"
	Encoding  Encoding `json:"encoding"`
	Newline   Newline  `json:"newline"`
	Decimal   string   `json:"decimal"`   // "." (default) or ","
	Thousands string   `json:"thousands"` // between groups of three digits: ".", ",", " ", "'", U+00A0; "" = none
	Percent   string   `json:"percent"`   // after percentages: "%" or " %"; "" = none
	Currency  Currency `json:"currency"`  // symbol on money
	Null      string   `json:"null"`      // a cell without a value: "" or "n/a"
	Quote     Quote    `json:"quote"`
	Header    Header   `json:"header"`
	Labels    Labels   `json:"labels"`  // of dimensions that have ids
	Noise     bool     `json:"noise"`   // float noise as in JSON; else exact
	Summary   Summary  `json:"summary"` // a last row with the sums of all rows
}

func (d Dialect) withDefaults() Dialect {
	setDefault(&d.Delimiter, ";")
	setDefault(&d.Decimal, ".")
	return d
}
