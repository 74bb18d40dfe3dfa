package owapro

import (
	"slices"

	"exporter/sandbox/faults"
	"exporter/sandbox/limits"
	"exporter/sandbox/wire"
)

// Config holds every switch of the simulated vendor; the words after "sheet:"
// name the section of the vendor sheet a switch stands for. The zero value
// answers everything at once, without limits; [Default] is the vendor as the
// sheet assumes it.
type Config struct {
	OAuth   OAuth         `json:"oauth"`
	Limits  Limits        `json:"limits"`
	Data    Data          `json:"data"`
	Answers Answers       `json:"answers"`
	CSV     CSV           `json:"csv"`
	Faults  []faults.Rule `json:"faults"`  // sheet: Errors; in force from the start
	Restate []Restatement `json:"restate"` // sheet: Late data
}

// OAuth is the account host (sheet: OAuth 2.0).
type OAuth struct {
	Clients        []Client   `json:"clients"`         // default: one, "client"
	AutoConsent    bool       `json:"auto_consent"`    // /oauth/authorize asks nobody; also per call with auto=1
	Deny           bool       `json:"deny"`            // the person says no: access_denied
	Shape          TokenShape `json:"shape"`           // of a token answer
	Rotation       Rotation   `json:"rotation"`        // of the refresh token
	GraceSeconds   int        `json:"grace_seconds"`   // of rotation "grace": the old token lives so long; default 60
	CodeSeconds    int        `json:"code_seconds"`    // life of a code, default 300
	AccessSeconds  int        `json:"access_seconds"`  // life of an access token, default 86400
	RefreshSeconds int        `json:"refresh_seconds"` // life of a refresh token, default 31536000
	RevokeAfter    int        `json:"revoke_after"`    // an access token is worthless after so many calls; 0 = never
	OneAccess      bool       `json:"one_access"`      // a new access token ends the grant's older ones
	ErrorStatus    int        `json:"error_status"`    // of refused token calls; 0 = as RFC 6749: invalid_client 401, inactive app 403, others 400
	HASID          string     `json:"hasid"`           // sheet: Hosts: session cookie taken instead of a bearer token; "" = none
}

// Client is a registered app.
type Client struct {
	ID           string `json:"id"`            // default "client"
	Secret       string `json:"secret"`        // default "secret"
	RedirectURI  string `json:"redirect_uri"`  // registered; "" = /oauth/authorize shows the code
	Inactive     bool   `json:"inactive"`      // sheet: Errors: APP INACTIVE
	RefreshToken string `json:"refresh_token"` // given to the app before the sandbox began; "" = none
}

// Limits are unpublished (sheet: Errors). They hold per client; a session cookie is a client of its own.
type Limits struct {
	Windows      []string        `json:"windows"`       // "2/1s" or "500/1m fixed"; none = no limit
	Concurrent   int             `json:"concurrent"`    // calls at once; 0 = no limit
	CountRefused bool            `json:"count_refused"` // refused calls use up quota too
	Tokens       bool            `json:"tokens"`        // token calls take part
	RetryAfter   wire.RetryAfter `json:"retry_after"`
}

// Answers holds what is uncertain about JSON answers (sheet: Endpoints, Report response (JSON)).
type Answers struct {
	ErrorBody        ErrorBody     `json:"error_body"`         // of HTTP errors
	Failure          Failure       `json:"failure"`            // what a fault of kind "envelope" does: an error on HTTP 200
	UnknownColumn    UnknownColumn `json:"unknown_column"`     // asked for
	Lists            ListShape     `json:"lists"`              // of customers, trackgroups and configs
	Numbers          Numbers       `json:"numbers"`            // of metrics
	Noise            Noise         `json:"noise"`              // of money
	EmptyRatios      EmptyRatios   `json:"empty_ratios"`       // cost per sale without a sale
	Stats            Stats         `json:"stats"`              // min, max, avg, cnt, sum of a metric
	Dates            Dates         `json:"dates"`              // of the dimension date
	Dict             Dict          `json:"dict"`               // which ids metadata.dimension.*.dict has
	DictGapEvery     int           `json:"dict_gap_every"`     // every n-th label is missing in dict though its id has data; 0 = none
	Pages            Pages         `json:"pages"`              // status.pages
	Summary          Summary       `json:"summary"`            // a last row with the sums of all rows
	Unsorted         Unsorted      `json:"unsorted"`           // order of rows the sort does not tell apart
	IgnorePageNumber bool          `json:"ignore_page_number"` // every page is the first
	MaxPageLimit     int           `json:"max_page_limit"`     // a larger page_limit, or none, silently becomes this; 0 = no such limit
	Gzip             Gzip          `json:"gzip"`
}

// Default returns the vendor as it is known or, where it is not, as the sheet assumes it.
func Default() Config {
	return Config{Limits: Limits{Windows: []string{"2/1s"}, Concurrent: 2, CountRefused: true}}
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
	}
	setDefault(&o.GraceSeconds, 60)
	setDefault(&o.CodeSeconds, 300)
	setDefault(&o.AccessSeconds, 86_400)
	setDefault(&o.RefreshSeconds, 31_536_000)
	c.Data = c.Data.withDefaults()
	c.CSV.Dialect = c.CSV.Dialect.withDefaults()
	if c.CSV.Then != nil {
		then := c.CSV.Then.withDefaults()
		c.CSV.Then = &then
	}
	setDefault(&c.CSV.Param, "format")
	setDefault(&c.CSV.Value, "csv")
	setDefault(&c.CSV.ContentType, "text/csv")
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) rules() (limits.Rules, error) {
	windows, err := limits.ParseWindows(c.Limits.Windows)
	return limits.Rules{Windows: windows, Concurrent: c.Limits.Concurrent, CountRefused: c.Limits.CountRefused}, err
}
