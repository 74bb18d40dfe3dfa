package hasoffers

import (
	"exporter/sandbox/oneof"
	"exporter/sandbox/wire"
)

// Choices of [Config]. The first of each is the default and also written "".
type (
	BadLogin     string // what a wrong secret leads to
	GatewayBody  string // shape of a gateway error
	Throttle     string // how the gateway tells a flat limit
	Request      string // echo of the caller's parameters
	PageEcho     string // type of response.data.page
	PageZero     string // page=0
	PastEnd      string // a page behind the last
	MaxLimitMode string // a limit above the largest
	Operators    string // two operators on one field
	DefaultOrder string // order without sort
	RowOrder     string // order of the rows inside a page's object
	ErrorShape   string // response.errors of the network layer
	FieldSet     string // fields a conversion has
	UpdatesBy    string // what the dates of findUpdated and findAdded mean
	Gzip         string // compression
	NullStyle    string // how "no value" is written
)

// RetryAfter is the Retry-After header of a throttled answer.
type RetryAfter = wire.RetryAfter

// The values of the choices.
const (
	LoginRefused BadLogin = "refuse" // 401 on /authorize
	LoginLate    BadLogin = "late"   // a token that fails on the next call

	BodyMessage  GatewayBody = "message"  // {"message": "..."}
	BodyText     GatewayBody = "text"     // plain text
	BodyError    GatewayBody = "error"    // {"error": "..."}
	BodyEnvelope GatewayBody = "envelope" // the Network API's envelope with status -1

	ThrottleHTTP     Throttle = "http"     // 429
	ThrottleEnvelope Throttle = "envelope" // HTTP 200 with status -1

	RequestKeep   Request = "keep"
	RequestOmit   Request = "omit"
	RequestRedact Request = "redact" // credentials are replaced by asterisks

	PageEchoMixed  PageEcho = "mixed"  // number when not sent, string when sent
	PageEchoNumber PageEcho = "number" // always a number
	PageEchoString PageEcho = "string" // always a string

	PageZeroFirst PageZero = "first" // the same as page 1
	PageZeroEmpty PageZero = "empty" // no rows
	PageZeroError PageZero = "error"

	PastEndEmpty PastEnd = "empty" // data: []
	PastEndLast  PastEnd = "last"  // the last page again
	PastEndError PastEnd = "error"

	MaxLimitClamp MaxLimitMode = "clamp" // silently
	MaxLimitError MaxLimitMode = "error"
	MaxLimitNone  MaxLimitMode = "none"

	OperatorsBoth Operators = "both"
	OperatorsLast Operators = "last" // the last one wins

	OrderShuffled DefaultOrder = "shuffled"
	OrderByID     DefaultOrder = "id"

	RowsSorted   RowOrder = "sorted"
	RowsShuffled RowOrder = "shuffled"

	ErrorsArray  ErrorShape = "array"
	ErrorsObject ErrorShape = "object"

	Fields2021 FieldSet = "2021" // all known fields
	Fields2018 FieldSet = "2018" // without those only seen in 2021, with tune_event_id

	UpdatesByEdit       UpdatesBy = "edit"
	UpdatesByConversion UpdatesBy = "conversion"

	GzipAccepted Gzip = "accepted" // when the caller takes it
	GzipOff      Gzip = "off"

	NullMix   NullStyle = "mix"   // "" on click-driven rows, null on rows made through the API
	NullOnly  NullStyle = "null"  // always null
	NullEmpty NullStyle = "empty" // always ""
)

type choice struct {
	key, got string
	allowed  []string
}

func (c choice) err() error {
	return oneof.Check(c.key, c.got, c.allowed...)
}

func (c Config) validateChoices() error {
	a, g := c.Answers, c.Gateway
	choices := []choice{
		{"gateway.body", string(g.Body), []string{"message", "text", "error", "envelope"}},
		{"gateway.retry_after", string(g.RetryAfter), []string{"off", "seconds", "date"}},
		{"gateway.throttle", string(g.Throttle), []string{"http", "envelope"}},
		{"network_api.retry_after", string(c.NetworkAPI.RetryAfter), []string{"off", "seconds", "date"}},
		{"answers.request", string(a.Request), []string{"keep", "omit", "redact"}},
		{"answers.page_echo", string(a.PageEcho), []string{"mixed", "number", "string"}},
		{"answers.page_zero", string(a.PageZero), []string{"first", "empty", "error"}},
		{"answers.past_end", string(a.PastEnd), []string{"empty", "last", "error"}},
		{"answers.max_limit_mode", string(a.MaxLimitMode), []string{"clamp", "error", "none"}},
		{"answers.operators", string(a.Operators), []string{"both", "last"}},
		{"answers.default_order", string(a.DefaultOrder), []string{"shuffled", "id"}},
		{"answers.row_order", string(a.RowOrder), []string{"sorted", "shuffled"}},
		{"answers.error_shape", string(a.ErrorShape), []string{"array", "object"}},
		{"answers.fields", string(a.Fields), []string{"2021", "2018"}},
		{"answers.updates_by", string(a.UpdatesBy), []string{"edit", "conversion"}},
		{"answers.gzip", string(a.Gzip), []string{"accepted", "off"}},
	}
	for _, in := range c.Integrators {
		choices = append(choices, choice{"integrators.bad_login", string(in.BadLogin), []string{"refuse", "late"}})
	}
	for _, n := range c.Networks {
		choices = append(choices, choice{"networks.null_style", string(n.NullStyle), []string{"mix", "null", "empty"}})
	}
	for _, ch := range choices {
		if err := ch.err(); err != nil {
			return err
		}
	}
	return nil
}
