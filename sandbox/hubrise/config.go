package hubrise

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"exporter/sandbox/faults"
	"exporter/sandbox/limits"
	"exporter/sandbox/oneof"
	"exporter/sandbox/wire"
)

// Config holds every switch of the simulated vendor; the words after "sheet:"
// name the section of the vendor sheet a switch stands for. The zero value
// answers everything at once, without limits; [Default] is the vendor as the
// sheet assumes it.
type Config struct {
	OAuth     OAuth         `json:"oauth"`
	Limits    Limits        `json:"limits"`
	Data      Data          `json:"data"`
	Answers   Answers       `json:"answers"`
	Faults    []faults.Rule `json:"faults"`    // sheet: Errors; in force from the start
	Mutations []Mutation    `json:"mutations"` // sheet: Simulator checklist; what happens, at once or after some calls
}

// OAuth is the account host (sheet: OAuth 2.0).
type OAuth struct {
	Clients     []Client    `json:"clients"`      // default: one, "client"
	Tokens      []Token     `json:"tokens"`       // given out before the sandbox began; default "account-token" and "location-token"
	AutoConsent bool        `json:"auto_consent"` // the consent page asks nobody; also per call with auto=1
	Deny        bool        `json:"deny"`         // the person says no: access_denied
	DenyOOB     DenyOOB     `json:"deny_oob"`     // what the page of the out-of-band flow shows then
	CodeSeconds int         `json:"code_seconds"` // life of a code, default 600
	ClientAuth  ClientAuth  `json:"client_auth"`  // forms of client authentication that are taken
	ErrorBody   ErrorBody   `json:"error_body"`   // of refused token calls
	BadCode     int         `json:"bad_code"`     // status for an expired or used code, default 400
	BadClient   int         `json:"bad_client"`   // status for a wrong id or secret, default 401
	BadRevoke   int         `json:"bad_revoke"`   // status for revoking another app's token, default 403
	Response    TokenAnswer `json:"response"`     // members of a token answer
}

// Client is a registered app.
type Client struct {
	ID     string `json:"id"`     // default "client"
	Secret string `json:"secret"` // default "secret"
	Name   string `json:"name"`   // what orders have in created_by, default "MyClient"
}

// Token is a connection: what a person granted to an app.
type Token struct {
	Token        string `json:"token"`
	Client       string `json:"client"`        // default: the first one
	DeviceID     string `json:"device_id"`     // "" = none was sent
	Scope        string `json:"scope"`         // default: everything an exporter reads, at the level of what was granted
	Account      string `json:"account"`       // default: the location's, else the first one
	Location     string `json:"location"`      // "" = the whole account, if the scope is one of accounts
	Catalog      string `json:"catalog"`       // the selected one; default: the first that is visible
	CustomerList string `json:"customer_list"` // likewise
}

// Limits hold per connection (sheet: Rate limits).
type Limits struct {
	Windows      []string        `json:"windows"`       // "500/1m fixed"; none = no limit
	Heavy        []string        `json:"heavy"`         // of high-load calls, which count in Windows too
	HeavyCalls   []string        `json:"heavy_calls"`   // operations; default: orders, customers, catalog
	HeavyApart   bool            `json:"heavy_apart"`   // each operation has windows of its own instead of one shared set
	CountRefused bool            `json:"count_refused"` // refused calls use up quota too
	RetryAfter   wire.RetryAfter `json:"retry_after"`
}

// Answers holds what is uncertain about answers (sheet: Query parameters, Pagination, Value formats).
type Answers struct {
	Rows          RowOrder     `json:"rows"`           // order of orders and customers
	Cursors       Cursors      `json:"cursors"`        // what a cursor remembers
	CursorSeconds int          `json:"cursor_seconds"` // life of a cursor, 0 = for ever
	BadCursor     int          `json:"bad_cursor"`     // status, default 422
	EmptyPages    EmptyPages   `json:"empty_pages"`    // pages without rows that have a cursor
	NoMore        NoMore       `json:"no_more"`        // header of the last page
	Duplicates    bool         `json:"duplicates"`     // a page begins with the last row of the one before
	Count         Count        `json:"count"`          // a count beyond 1 to 100
	Statuses      Statuses     `json:"statuses"`       // several values of status
	Level         int          `json:"level"`          // status of a short form for the other level of token, default 404
	Scope         int          `json:"scope"`          // status without the scope, default 403
	Foreign       int          `json:"foreign"`        // status for what is not the connection's, default 404
	Bearer        Bearer       `json:"bearer"`         // Authorization: Bearer without X-Access-Token
	Decimals      Decimals     `json:"decimals"`       // JSON type of decimals
	ExtraKeys     bool         `json:"extra_keys"`     // documents have members nobody has heard of
	Fields        Fields       `json:"fields"`         // edition of the order document
	NoDelivery    NoDelivery   `json:"no_delivery"`    // in an order without courier
	Total         Total        `json:"total"`          // whether deleted elements count
	OptionLists   OptionLists  `json:"option_lists"`   // their key in a whole catalog
	Links         Links        `json:"links"`          // between elements of a whole catalog
	Acceptance    Acceptance   `json:"acceptance"`     // name of the normal order_acceptance.mode
	Error         APIErrorBody `json:"error"`          // body of errors
	Gzip          Gzip         `json:"gzip"`
}

// TokenAnswer says which members a token answer has beside the documented ones.
type TokenAnswer struct {
	NoTokenType bool `json:"no_token_type"` // as older versions
	IDs         bool `json:"ids"`           // app_instance_id and user_id
	Nulls       bool `json:"nulls"`         // what the scope does not select is null instead of absent
}

// Default returns the vendor as it is known or, where it is not, as the sheet assumes it.
func Default() Config {
	return Config{Limits: Limits{
		Windows:      []string{"500/1m fixed", "2500/1h fixed", "10000/24h fixed"},
		Heavy:        []string{"10/1m fixed"},
		CountRefused: true,
	}}
}

func (c Config) withDefaults() Config {
	o := &c.OAuth
	o.Clients = slices.Clone(o.Clients)
	if len(o.Clients) == 0 {
		o.Clients = []Client{{}}
	}
	for i := range o.Clients {
		setDefault(&o.Clients[i].ID, "client")
		setDefault(&o.Clients[i].Secret, "secret")
		setDefault(&o.Clients[i].Name, "MyClient")
	}
	setDefault(&o.CodeSeconds, 600)
	setDefault(&o.BadCode, http.StatusBadRequest)
	setDefault(&o.BadClient, http.StatusUnauthorized)
	setDefault(&o.BadRevoke, http.StatusForbidden)
	if c.Limits.HeavyCalls == nil {
		c.Limits.HeavyCalls = []string{opOrders, opCustomers, opCatalog}
	}
	setDefault(&c.Answers.BadCursor, http.StatusUnprocessableEntity)
	setDefault(&c.Answers.Level, http.StatusNotFound)
	setDefault(&c.Answers.Scope, http.StatusForbidden)
	setDefault(&c.Answers.Foreign, http.StatusNotFound)
	c.Data = c.Data.withDefaults()
	if o.Tokens == nil {
		first := c.Data.Accounts[0]
		o.Tokens = []Token{{Token: "account-token", Account: first.ID}}
		if len(first.Locations) > 0 {
			o.Tokens = append(o.Tokens, Token{Token: "location-token", Location: first.Locations[0].ID})
		}
	}
	o.Tokens = slices.Clone(o.Tokens)
	for i := range o.Tokens {
		setDefault(&o.Tokens[i].Client, o.Clients[0].ID)
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) rules(windows []string) (limits.Rules, error) {
	parsed, err := limits.ParseWindows(windows)
	return limits.Rules{Windows: parsed, CountRefused: c.Limits.CountRefused}, err
}

func (c Config) validate() error {
	for _, windows := range [][]string{c.Limits.Windows, c.Limits.Heavy} {
		if _, err := c.rules(windows); err != nil {
			return err
		}
	}
	for _, op := range c.Limits.HeavyCalls {
		if !slices.Contains(operations, op) {
			return fmt.Errorf("limits.heavy_calls: no operation %q", op)
		}
	}
	ids := map[string]bool{}
	for _, client := range c.OAuth.Clients {
		if ids[client.ID] {
			return fmt.Errorf("client %q is there twice", client.ID)
		}
		ids[client.ID] = true
	}
	o, a := c.OAuth, c.Answers
	for _, n := range []int{o.CodeSeconds, a.CursorSeconds} {
		if n < 0 {
			return fmt.Errorf("negative number %d", n)
		}
	}
	for _, status := range []int{o.BadCode, o.BadClient, o.BadRevoke, a.BadCursor, a.Level, a.Scope, a.Foreign} {
		if status < 400 || status > 599 {
			return fmt.Errorf("status %d is not between 400 and 599", status)
		}
	}
	return cmp.Or(c.choices(), c.Data.validate())
}

func (c Config) choices() error {
	o, a := c.OAuth, c.Answers
	return cmp.Or(
		oneof.Check("oauth.deny_oob", o.DenyOOB, DenyShown, DenySilent),
		oneof.Check("oauth.client_auth", o.ClientAuth, AuthAny, AuthBasic, AuthBody),
		oneof.Check("oauth.error_body", o.ErrorBody, ErrorsAPI, ErrorsOAuth, ErrorsText, ErrorsEmpty),
		oneof.Check("limits.retry_after", c.Limits.RetryAfter, wire.RetryAfterOff, wire.RetryAfterSeconds, wire.RetryAfterDate),
		oneof.Check("answers.rows", a.Rows, RowsAscending, RowsDescending, RowsMixed),
		oneof.Check("answers.cursors", a.Cursors, CursorsKey, CursorsOffset),
		oneof.Check("answers.empty_pages", a.EmptyPages, EmptyNever, EmptyBetween, EmptyLast),
		oneof.Check("answers.no_more", a.NoMore, NoMoreAbsent, NoMoreEmpty),
		oneof.Check("answers.count", a.Count, CountClamped, CountRefused),
		oneof.Check("answers.statuses", a.Statuses, StatusesExact, StatusesMany, StatusesRefused),
		oneof.Check("answers.bearer", a.Bearer, BearerRefused, BearerTaken),
		oneof.Check("answers.decimals", a.Decimals, DecimalsStrings, DecimalsNumbers, DecimalsMixed),
		oneof.Check("answers.fields", a.Fields, FieldsNew, FieldsOld),
		oneof.Check("answers.no_delivery", a.NoDelivery, NoDeliveryNull, NoDeliveryAbsent),
		oneof.Check("answers.total", a.Total, TotalLive, TotalAll),
		oneof.Check("answers.option_lists", a.OptionLists, OptionsLists, OptionListsPlain),
		oneof.Check("answers.links", a.Links, LinksBoth, LinksIDs, LinksRefs),
		oneof.Check("answers.acceptance", a.Acceptance, AcceptanceNormal, AcceptanceOnline),
		oneof.Check("answers.error", a.Error, APIErrorsJSON, APIErrorsBare, APIErrorsText, APIErrorsEmpty),
		oneof.Check("answers.gzip", a.Gzip, GzipAccepted, GzipOff),
	)
}
