package piwikpro

import (
	"slices"

	"exporter/sandbox/faults"
	"exporter/sandbox/limits"
	"exporter/sandbox/wire"
)

// Config holds every switch of the simulated vendor; "sheet:" names the section
// of the vendor sheet a switch stands for. The zero value answers everything at
// once, without limits; [Default] is the vendor as the sheet assumes it.
type Config struct {
	Auth    Auth          `json:"auth"`
	Limits  Limits        `json:"limits"`
	Data    Data          `json:"data"`
	Answers Answers       `json:"answers"`
	CSV     CSV           `json:"csv"`
	Faults  []faults.Rule `json:"faults"`  // in force from the start; Query of a rule is looked for in query and body
	Restate []Restatement `json:"restate"` // sheet: §4 late events
}

// Auth is /auth/token (sheet: §1).
type Auth struct {
	Clients      []Client  `json:"clients"`      // default: one, "client"
	ExpiresIn    int       `json:"expires_in"`   // seconds, default 1800; before 2018 86400
	RevokeAfter  int       `json:"revoke_after"` // a token is worthless after so many calls; 0 = never
	OneToken     bool      `json:"one_token"`    // a new token ends the older ones of its client
	WrongSecret  BadSecret `json:"wrong_secret"` // status of a wrong id or secret
	NoLicense    bool      `json:"no_license"`   // 402
	Form         Form      `json:"form"`         // form bodies
	Unauthorized Shape     `json:"unauthorized"` // body of 401 on API calls
}

// Client is a pair of credentials of the user.
type Client struct {
	ID     string `json:"id"`     // default "client"
	Secret string `json:"secret"` // default "secret"
}

// Limits are judged by the verb alone (sheet: §4).
type Limits struct {
	Get          []string        `json:"get"`        // "600/1m" or "600/1m fixed"; none = no limit
	Post         []string        `json:"post"`       // everything that is no GET
	Concurrent   int             `json:"concurrent"` // calls at once of a group; 0 = no limit
	CountRefused bool            `json:"count_refused"`
	Tokens       bool            `json:"tokens"` // /auth/token takes part
	Group        Group           `json:"group"`
	RetryAfter   wire.RetryAfter `json:"retry_after"`
	Body         Shape           `json:"body"` // of 429
}

// Answers holds what is uncertain about JSON answers (sheet: §2, §8).
type Answers struct {
	Slash          Slash       `json:"trailing_slash"`  // report paths without it
	IDs            IDs         `json:"ids"`             // JSON type of session_id and event_id
	Ties           Ties        `json:"ties"`            // order of rows of /query/ the order does not tell apart
	RawOrder       Ties        `json:"raw_order"`       // of sessions and events: by session_id, or another in every answer
	RawOrderBy     RawOrderBy  `json:"raw_order_by"`    // order_by on sessions and events
	Parameter      Parameter   `json:"parameter"`       // source.parameter of an unknown column
	Forbidden      Forbidden   `json:"forbidden"`       // a site that is not there or not the user's
	Conflict       Conflict    `json:"conflict"`        // columns of scopes that do not go together
	Integrations   Conflict    `json:"integrations"`    // columns of an integration the site does not have
	Repeated       Repeated    `json:"repeated"`        // a column asked for twice
	KeyValues      KeyValues   `json:"key_values"`      // cells of json-kv
	QueryColumns   MetaColumns `json:"query_columns"`   // meta.columns of /query/
	Cache          Cache       `json:"cache"`           // of /query/
	CacheSeconds   int         `json:"cache_seconds"`   // default 600
	MaxLimit       int         `json:"max_limit"`       // default 100000
	DefaultLimit   int         `json:"default_limit"`   // default 100
	ListLimit      int         `json:"list_limit"`      // of lists, default 10
	MaxOffset      int         `json:"max_offset"`      // above it 400; 0 = no such limit
	MaxDays        int         `json:"max_days"`        // of a range, above it 400; 0 = no such limit
	MaxColumns     int         `json:"max_columns"`     // above it 400; 0 = no such limit
	SilentLimit    int         `json:"silent_limit"`    // pages of reports silently have at most so many rows; 0 = off
	DuplicateEvery int         `json:"duplicate_every"` // every n-th session of a day stays visible twice; 0 = off
	Gzip           Gzip        `json:"gzip"`
}

// CSV is the dialect of "format": "csv", none of which is published (sheet: §2 CSV).
type CSV struct {
	Enums       CSVEnums `json:"enums"`
	Newline     Newline  `json:"newline"`
	BOM         bool     `json:"bom"`
	Null        string   `json:"null"` // how null is written, default nothing
	Quote       Quote    `json:"quote"`
	ContentType string   `json:"content_type"` // default "text/csv; charset=utf-8"
}

// Default returns the vendor as it is known or, where it is not, as the sheet assumes it.
func Default() Config {
	return Config{
		Limits:  Limits{Get: []string{"600/1m"}, Post: []string{"60/1m"}, CountRefused: true, RetryAfter: wire.RetryAfterSeconds},
		Data:    Data{DelayMinutes: 120},
		Answers: Answers{Ties: TiesChanging, Cache: CacheQuery},
	}
}

func (c Config) withDefaults() Config {
	c.Auth.Clients = slices.Clone(c.Auth.Clients)
	if len(c.Auth.Clients) == 0 {
		c.Auth.Clients = []Client{{}}
	}
	for i := range c.Auth.Clients {
		setDefault(&c.Auth.Clients[i].ID, "client")
		setDefault(&c.Auth.Clients[i].Secret, "secret")
	}
	setDefault(&c.Auth.ExpiresIn, 1800)
	setDefault(&c.Answers.CacheSeconds, 600)
	setDefault(&c.Answers.MaxLimit, 100_000)
	setDefault(&c.Answers.DefaultLimit, 100)
	setDefault(&c.Answers.ListLimit, 10)
	setDefault(&c.CSV.ContentType, "text/csv; charset=utf-8")
	c.Data = c.Data.withDefaults()
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (l Limits) rules(verb string) (limits.Rules, error) {
	texts := l.Post
	if verb == verbGet {
		texts = l.Get
	}
	windows, err := limits.ParseWindows(texts)
	return limits.Rules{Windows: windows, Concurrent: l.Concurrent, CountRefused: l.CountRefused}, err
}
