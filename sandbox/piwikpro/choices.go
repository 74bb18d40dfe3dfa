package piwikpro

import (
	"cmp"
	"fmt"

	"exporter/sandbox/oneof"
	"exporter/sandbox/wire"
)

// Choices of [Config]. The first of each is the default and also written "".
type (
	BadSecret   string // answer to a wrong id or secret
	Form        string // form bodies of /auth/token
	Shape       string // of an error body
	Slash       string // report paths without a trailing slash
	Group       string // what calls a limit counts together
	IDs         string // JSON type of numbers of 64 bits
	Ties        string // order of rows that have none
	RawOrderBy  string // order_by where it is not documented
	Parameter   string // names of columns in errors
	Forbidden   string // sites out of reach
	Conflict    string // columns that cannot be answered
	Repeated    string // columns asked for twice
	KeyValues   string // cells of json-kv
	MetaColumns string // names of columns beside the rows
	Cache       string // of /query/
	Gzip        string // compression
	CSVEnums    string // cells with an id and a label in CSV
	Newline     string // of CSV
	Quote       string // of CSV cells
)

// The values of the choices.
const (
	BadSecret401 BadSecret = "401"
	BadSecret400 BadSecret = "400"

	FormTaken   Form = "taken"
	FormRefused Form = "refused" // 400

	ShapeService Shape = "service" // of 401: each service has its own; of 429: errors
	ShapeErrors  Shape = "errors"  // {"errors": [{"status": "401", "detail": ...}]}
	ShapeMessage Shape = "message" // {"message": ...}
	ShapeCode    Shape = "code"    // {"code": 401, "message": ...}
	ShapeError   Shape = "error"   // {"error": ...}
	ShapeHTML    Shape = "html"    // a gateway's page
	ShapeEmpty   Shape = "empty"   // no body

	SlashServed   Slash = "served"
	SlashRedirect Slash = "redirect" // 301, which loses the body
	SlashMissing  Slash = "404"

	GroupVerb     Group = "verb"     // all calls with the verb
	GroupEndpoint Group = "endpoint" // those of one endpoint
	GroupClient   Group = "client"   // those of one client

	IDsStrings IDs = "strings"
	IDsNumbers IDs = "numbers"

	TiesStable   Ties = "stable"
	TiesChanging Ties = "changing" // another order in every answer

	RawOrderByIgnored RawOrderBy = "ignored"
	RawOrderByRefused RawOrderBy = "refused" // 400

	ParameterIndexed Parameter = "indexed" // columns.0.column_id, as seen
	ParameterPlain   Parameter = "plain"   // columns.column_id, as documented

	Forbidden403 Forbidden = "403"
	Forbidden404 Forbidden = "404"

	ConflictRefused Conflict = "refused" // 400
	ConflictEmpty   Conflict = "empty"   // answered, with nothing

	RepeatedPlain    Repeated = "plain"    // the same key again
	RepeatedNumbered Repeated = "numbered" // x, x_2
	RepeatedOnce     Repeated = "once"     // only the first is there
	RepeatedRefused  Repeated = "refused"  // 400

	KeyValuesCells KeyValues = "cells" // as in json
	KeyValuesTexts KeyValues = "texts" // the label of a cell with an id and a label

	MetaColumnsSent MetaColumns = "sent"
	MetaColumnsNone MetaColumns = "none" // as documented, not as seen

	CacheOff   Cache = "off"
	CacheQuery Cache = "query" // all pages of a query come from one moment
	CachePage  Cache = "page"  // each page is kept on its own

	GzipAccepted Gzip = "accepted"
	GzipOff      Gzip = "off"

	CSVEnumsBoth   CSVEnums = "both" // two columns, x_1 and x_2
	CSVEnumsLabels CSVEnums = "labels"
	CSVEnumsIDs    CSVEnums = "ids"

	NewlineCRLF Newline = "crlf"
	NewlineLF   Newline = "lf"

	QuoteNeeded Quote = "needed"
	QuoteAll    Quote = "all"
)

func (c Config) validate() error {
	ids := map[string]bool{}
	for _, client := range c.Auth.Clients {
		if ids[client.ID] {
			return fmt.Errorf("client %q is there twice", client.ID)
		}
		ids[client.ID] = true
	}
	a := c.Answers
	for _, n := range []int{
		c.Auth.ExpiresIn, c.Auth.RevokeAfter, c.Limits.Concurrent, a.CacheSeconds, a.MaxLimit, a.DefaultLimit, a.ListLimit,
		a.MaxOffset, a.MaxDays, a.MaxColumns, a.SilentLimit, a.DuplicateEvery,
	} {
		if n < 0 {
			return fmt.Errorf("negative number %d", n)
		}
	}
	_, getErr := c.Limits.rules(verbGet)
	_, postErr := c.Limits.rules(verbPost)
	shapes := []Shape{ShapeService, ShapeErrors, ShapeMessage, ShapeCode, ShapeError, ShapeHTML, ShapeEmpty}
	return cmp.Or(
		getErr, postErr,
		oneof.Check("auth.wrong_secret", c.Auth.WrongSecret, BadSecret401, BadSecret400),
		oneof.Check("auth.form", c.Auth.Form, FormTaken, FormRefused),
		oneof.Check("auth.unauthorized", c.Auth.Unauthorized, shapes...),
		oneof.Check("answers.trailing_slash", a.Slash, SlashServed, SlashRedirect, SlashMissing),
		oneof.Check("limits.group", c.Limits.Group, GroupVerb, GroupEndpoint, GroupClient),
		oneof.Check("limits.retry_after", c.Limits.RetryAfter, wire.RetryAfterOff, wire.RetryAfterSeconds, wire.RetryAfterDate),
		oneof.Check("limits.body", c.Limits.Body, shapes...),
		oneof.Check("answers.ids", a.IDs, IDsStrings, IDsNumbers),
		oneof.Check("answers.ties", a.Ties, TiesStable, TiesChanging),
		oneof.Check("answers.raw_order", a.RawOrder, TiesStable, TiesChanging),
		oneof.Check("answers.raw_order_by", a.RawOrderBy, RawOrderByIgnored, RawOrderByRefused),
		oneof.Check("answers.parameter", a.Parameter, ParameterIndexed, ParameterPlain),
		oneof.Check("answers.forbidden", a.Forbidden, Forbidden403, Forbidden404),
		oneof.Check("answers.conflict", a.Conflict, ConflictRefused, ConflictEmpty),
		oneof.Check("answers.integrations", a.Integrations, ConflictRefused, ConflictEmpty),
		oneof.Check("answers.repeated", a.Repeated, RepeatedPlain, RepeatedNumbered, RepeatedOnce, RepeatedRefused),
		oneof.Check("answers.key_values", a.KeyValues, KeyValuesCells, KeyValuesTexts),
		oneof.Check("answers.query_columns", a.QueryColumns, MetaColumnsSent, MetaColumnsNone),
		oneof.Check("answers.cache", a.Cache, CacheOff, CacheQuery, CachePage),
		oneof.Check("answers.gzip", a.Gzip, GzipAccepted, GzipOff),
		oneof.Check("csv.enums", c.CSV.Enums, CSVEnumsBoth, CSVEnumsLabels, CSVEnumsIDs),
		oneof.Check("csv.newline", c.CSV.Newline, NewlineCRLF, NewlineLF),
		oneof.Check("csv.quote", c.CSV.Quote, QuoteNeeded, QuoteAll),
		c.Data.validate(),
	)
}
