package hubrise

// Choices of [Config]. The first of each is the default and also written "".
type (
	DenyOOB      string // the out-of-band page after a refusal
	ClientAuth   string // client authentication of token calls
	ErrorBody    string // of refused token calls
	RowOrder     string // of orders and customers
	Cursors      string // what a cursor remembers
	EmptyPages   string // pages without rows that have a cursor
	NoMore       string // X-Cursor-Next of the last page
	Count        string // a count beyond 1 to 100
	Statuses     string // several values of status
	Bearer       string // Authorization: Bearer alone
	Decimals     string // JSON type of decimals
	Fields       string // edition of the order document
	NoDelivery   string // in an order without courier
	Total        string // of an order with deleted elements
	OptionLists  string // their key in a whole catalog
	Links        string // between elements of a whole catalog
	Acceptance   string // name of the normal mode of a location
	APIErrorBody string // body of errors of the API
	Gzip         string // compression
)

// The values of the choices.
const (
	DenyShown  DenyOOB = "shown"  // the page says access_denied
	DenySilent DenyOOB = "silent" // the page says nothing

	AuthAny   ClientAuth = "any"
	AuthBasic ClientAuth = "basic"
	AuthBody  ClientAuth = "body" // form, JSON or query

	ErrorsAPI   ErrorBody = "api"   // {"message": ..., "error_type": ...}
	ErrorsOAuth ErrorBody = "oauth" // {"error": ..., "error_description": ...}
	ErrorsText  ErrorBody = "text"
	ErrorsEmpty ErrorBody = "empty"

	RowsAscending  RowOrder = "ascending" // by created_at, then id
	RowsDescending RowOrder = "descending"
	RowsMixed      RowOrder = "mixed" // by nothing one could see

	CursorsKey    Cursors = "key"    // the last row: what changes before it does not matter
	CursorsOffset Cursors = "offset" // how many rows there were: what changes before it shifts the rest

	EmptyNever   EmptyPages = "never"
	EmptyBetween EmptyPages = "between" // one after each page that has a next one
	EmptyLast    EmptyPages = "last"    // a full last page has a cursor too, which leads to nothing

	NoMoreAbsent NoMore = "absent"
	NoMoreEmpty  NoMore = "empty" // the header is there, without a value

	CountClamped Count = "clamped"
	CountRefused Count = "422"

	StatusesExact   Statuses = "exact" // the last one, compared as it is: "new,accepted" matches nothing
	StatusesMany    Statuses = "many"  // repeated or with commas
	StatusesRefused Statuses = "422"

	BearerRefused Bearer = "refused"
	BearerTaken   Bearer = "taken"

	DecimalsStrings Decimals = "strings"
	DecimalsNumbers Decimals = "numbers"
	DecimalsMixed   Decimals = "mixed" // every other one is a number

	FieldsNew Fields = "new" // with channel, asap, expected_time_pickup, connection_name and removed options
	FieldsOld Fields = "old" // the published sample

	NoDeliveryNull   NoDelivery = "null"
	NoDeliveryAbsent NoDelivery = "absent"

	TotalLive Total = "live" // without deleted elements
	TotalAll  Total = "all"

	OptionsLists     OptionLists = "options_lists" // as the retrieval example spells it
	OptionListsPlain OptionLists = "option_lists"  // as uploads do

	LinksBoth Links = "both"
	LinksIDs  Links = "ids"
	LinksRefs Links = "refs"

	AcceptanceNormal Acceptance = "normal"
	AcceptanceOnline Acceptance = "online"

	APIErrorsJSON  APIErrorBody = "json"
	APIErrorsBare  APIErrorBody = "bare" // error_type without a message
	APIErrorsText  APIErrorBody = "text"
	APIErrorsEmpty APIErrorBody = "empty"

	GzipAccepted Gzip = "accepted" // when the caller takes it
	GzipOff      Gzip = "off"
)
