package owapro

import (
	"cmp"
	"fmt"

	"exporter/sandbox/oneof"
	"exporter/sandbox/wire"
)

// Choices of [Config]. The first of each is the default and also written "".
type (
	TokenShape    string // of a token answer
	Rotation      string // what a renewal does to the refresh token
	ErrorBody     string // of HTTP errors
	Failure       string // an error on HTTP 200
	UnknownColumn string // a dimension or metric that does not exist
	ListShape     string // of the list endpoints, whose answers are not published
	Numbers       string // JSON type of metrics
	Noise         string // of money
	EmptyRatios   string // a division by zero
	Stats         string // figures in metadata.metric
	Dates         string // of the dimension date
	Dict          string // ids of a dict
	Pages         string // status.pages
	Summary       string // rows of sums
	Unsorted      string // order where the sort has none
	Gzip          string // compression
	Ask           string // how CSV is asked for
	Answer        string // what asking for CSV leads to
	Encoding      string // of CSV
	Newline       string // of CSV
	Currency      string // symbol in CSV
	Quote         string // of CSV cells
	Header        string // names in the first line of CSV
	Labels        string // dimensions with ids in CSV
)

// The values of the choices.
const (
	ShapeNested TokenShape = "nested" // {"access_token": {"token": ..., "expires_in": ...}}
	ShapeFlat   TokenShape = "flat"   // as RFC 6749

	RotateNever  Rotation = "never"
	RotateAtOnce Rotation = "at_once" // the old one dies with the answer that carries the new one
	RotateOnUse  Rotation = "on_use"  // the old one dies when the new one, or the access token beside it, is first used
	RotateGrace  Rotation = "grace"   // the old one dies later

	ErrorsOAuth    ErrorBody = "oauth"    // {"error": ..., "error_description": ...}
	ErrorsEnvelope ErrorBody = "envelope" // the report envelope with status 0
	ErrorsText     ErrorBody = "text"

	FailBlocks    Failure = "blocks"     // every block has status.code 7 and no rows
	FailLastBlock Failure = "last_block" // only the last one
	FailTop       Failure = "top"        // status 0 and no block

	UnknownInBlock UnknownColumn = "block" // status.code 3 on HTTP 200
	UnknownRefused UnknownColumn = "http"  // 400

	ListRows   ListShape = "rows"   // {"status": 1, "data": [{"customerid": ..., "customer": ...}], ...}
	ListBlocks ListShape = "blocks" // data holds one block, as in a report
	ListBare   ListShape = "bare"   // [{"id": ..., "name": ...}]

	NumbersMixed   Numbers = "mixed"   // strings, and 0 as a number
	NumbersStrings Numbers = "strings" // always strings
	NumbersNumbers Numbers = "numbers" // always numbers

	NoiseFloat32 Noise = "float32" // 1991.53 is 1991.53002929688
	NoiseOff     Noise = "off"

	RatiosZero EmptyRatios = "zero"
	RatiosNull EmptyRatios = "null"

	StatsSample Stats = "sample" // parts are missing, as in the published answer
	StatsFull   Stats = "full"
	StatsNone   Stats = "none"

	DatesISO Dates = "iso" // 2018-08-30
	DatesDMY Dates = "dmy" // 30/08/2018
	DatesMDY Dates = "mdy" // 08/30/2018

	DictPage   Dict = "page"   // ids of this page
	DictResult Dict = "result" // ids of all pages

	PagesLimited Pages = "limited" // when page_limit was sent
	PagesAlways  Pages = "always"
	PagesNever   Pages = "never"
	PagesFirst   Pages = "not_first" // not in the first block

	SummaryOff   Summary = "off"
	SummaryLast  Summary = "last"  // on the last page
	SummaryEvery Summary = "every" // on every page

	UnsortedStable   Unsorted = "stable"
	UnsortedUnstable Unsorted = "unstable" // another order in every answer

	GzipAccepted Gzip = "accepted" // when the caller takes it
	GzipOff      Gzip = "off"

	AskAccept Ask = "accept" // Accept: text/csv
	AskQuery  Ask = "query"  // a query parameter
	AskBody   Ask = "body"   // a member of the body

	AnswerCSV    Answer = "csv"
	AnswerRefuse Answer = "406"
	AnswerJSON   Answer = "json" // HTTP 200 with JSON

	EncodingUTF8    Encoding = "utf-8"
	EncodingBOM     Encoding = "utf-8-bom"
	EncodingWindows Encoding = "windows-1252"

	NewlineCRLF Newline = "crlf"
	NewlineLF   Newline = "lf"

	CurrencyNone   Currency = "none"
	CurrencyBefore Currency = "before" // €1.50
	CurrencyAfter  Currency = "after"  // 1.50 €

	QuoteNeeded Quote = "needed"
	QuoteAll    Quote = "all"

	HeaderAPI     Header = "api"
	HeaderDisplay Header = "display"

	LabelsOnly Labels = "labels"
	LabelsIDs  Labels = "ids"
	LabelsBoth Labels = "both" // a column of ids follows the column of labels
)

func (c Config) validate() error {
	if _, err := c.rules(); err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, client := range c.OAuth.Clients {
		if ids[client.ID] {
			return fmt.Errorf("client %q is there twice", client.ID)
		}
		ids[client.ID] = true
	}
	o, a := c.OAuth, c.Answers
	for _, n := range []int{o.GraceSeconds, o.CodeSeconds, o.AccessSeconds, o.RefreshSeconds, o.RevokeAfter, a.DictGapEvery, a.MaxPageLimit, c.CSV.After, c.Limits.Concurrent} {
		if n < 0 {
			return fmt.Errorf("negative number %d", n)
		}
	}
	err := cmp.Or(
		oneof.Check("oauth.shape", o.Shape, ShapeNested, ShapeFlat),
		oneof.Check("oauth.rotation", o.Rotation, RotateNever, RotateAtOnce, RotateOnUse, RotateGrace),
		oneof.Check("limits.retry_after", c.Limits.RetryAfter, wire.RetryAfterOff, wire.RetryAfterSeconds, wire.RetryAfterDate),
		oneof.Check("answers.error_body", a.ErrorBody, ErrorsOAuth, ErrorsEnvelope, ErrorsText),
		oneof.Check("answers.failure", a.Failure, FailBlocks, FailLastBlock, FailTop),
		oneof.Check("answers.unknown_column", a.UnknownColumn, UnknownInBlock, UnknownRefused),
		oneof.Check("answers.lists", a.Lists, ListRows, ListBlocks, ListBare),
		oneof.Check("answers.numbers", a.Numbers, NumbersMixed, NumbersStrings, NumbersNumbers),
		oneof.Check("answers.noise", a.Noise, NoiseFloat32, NoiseOff),
		oneof.Check("answers.empty_ratios", a.EmptyRatios, RatiosZero, RatiosNull),
		oneof.Check("answers.stats", a.Stats, StatsSample, StatsFull, StatsNone),
		oneof.Check("answers.dates", a.Dates, DatesISO, DatesDMY, DatesMDY),
		oneof.Check("answers.dict", a.Dict, DictPage, DictResult),
		oneof.Check("answers.pages", a.Pages, PagesLimited, PagesAlways, PagesNever, PagesFirst),
		oneof.Check("answers.summary", a.Summary, SummaryOff, SummaryLast, SummaryEvery),
		oneof.Check("answers.unsorted", a.Unsorted, UnsortedStable, UnsortedUnstable),
		oneof.Check("answers.gzip", a.Gzip, GzipAccepted, GzipOff),
		oneof.Check("csv.ask", c.CSV.Ask, AskAccept, AskQuery, AskBody),
		oneof.Check("csv.answer", c.CSV.Answer, AnswerCSV, AnswerRefuse, AnswerJSON),
		c.CSV.Dialect.validate("csv.dialect"),
		c.Data.validate(),
	)
	if err == nil && c.CSV.Then != nil {
		err = c.CSV.Then.validate("csv.then")
	}
	return err
}

func (d Dialect) validate(key string) error {
	if len(d.Delimiter) != 1 || d.Delimiter == `"` || d.Delimiter == d.Decimal {
		return fmt.Errorf("%s.delimiter: %q is not one byte other than the quote and the decimal mark", key, d.Delimiter)
	}
	if d.Thousands != "" && d.Thousands == d.Decimal {
		return fmt.Errorf("%s.thousands: %q is the decimal mark too", key, d.Thousands)
	}
	return cmp.Or(
		oneof.Check(key+".encoding", d.Encoding, EncodingUTF8, EncodingBOM, EncodingWindows),
		oneof.Check(key+".newline", d.Newline, NewlineCRLF, NewlineLF),
		oneof.Check(key+".decimal", d.Decimal, ".", ","),
		oneof.Check(key+".thousands", d.Thousands, ".", ",", " ", "'", "\u00a0"),
		oneof.Check(key+".percent", d.Percent, "%", " %"),
		oneof.Check(key+".currency", d.Currency, CurrencyNone, CurrencyBefore, CurrencyAfter),
		oneof.Check(key+".quote", d.Quote, QuoteNeeded, QuoteAll),
		oneof.Check(key+".header", d.Header, HeaderAPI, HeaderDisplay),
		oneof.Check(key+".labels", d.Labels, LabelsOnly, LabelsIDs, LabelsBoth),
		oneof.Check(key+".summary", d.Summary, SummaryOff, SummaryLast, SummaryEvery),
	)
}
