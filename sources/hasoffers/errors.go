package hasoffers

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

// refusal is a failure the vendor is known for.
type refusal struct {
	phrase string // in lower case; all parts separated by * must occur, in that order
	class  fault.Class
	hint   string
}

// refusals are the texts of the gateway and of the network layer, searched in
// this order. The same text can come from either.
var refusals = []refusal{
	{"missing integratorid", fault.Config, `Set integrator_id of the source to the id TUNE gave to you as an integrator.`},
	{"jwt is not valid or missing", fault.Auth, `A new token was refused as well. Check client_id, client_secret and audience of the source.`},
	{"insufficient permissions", fault.Auth, `The login works, but not for this network or method. Ask TUNE to add both to the integrator's access.`},
	{"invalid origin", fault.Permanent, `The gateway took the request for one of a web page. A proxy on the way adds an Origin header; take it out.`},
	{"does not exist within our system", fault.Config, `Check integrator_id of the source, or ask TUNE whether the integrator is still set up.`},
	{"invalid http method", fault.Permanent, `base_url may lead to a redirect that changes the method. Write the final address.`},
	{"url exceeds allowed length", fault.Config, `Lower url_max of the source, ask for fewer fields or shorten the filters.`},
	{"exceeded concurrent rate limit", fault.Throttled, `Lower concurrency of the source.`},
	{"exceeded flat rate limit", fault.Throttled, `Lower limits of the source if this happens often.`},
	{"exceeded*rate limit", fault.Throttled, `Another program may use the same network's quota. Lower limits of the source if this happens often.`},
	{"error encountered while validating origin", fault.Transient, `The gateway has a fault; it is asked again.`},
	{"internal server error", fault.Transient, `The gateway has a fault; it is asked again.`},
	{"is not authenticated", fault.Auth, `Check network_token: it must be a network's API key (NET...), not an affiliate's, and still active under Company, Customize, API in the network.`},
	{"network id is not valid", fault.Config, `Check network_id of the source: it is the first part of the network's address.`},
	{"is not white-listed", fault.Auth, `Add the address this program calls from in the network under Support, API, or enable API access there.`},
	{"missing required argument", fault.Permanent, `The vendor now wants an argument that is not sent. Report it with the message.`},
	{"does not exist or is not allowed to be used", fault.Config, `Take the field out of the job's options, or ask TUNE to allow it.`},
	{"database error*trackable id", fault.Transient, `The vendor's database failed; it is asked again. Give the trackable id to TUNE if that stays so.`},
	{"failed to hydrate rows", fault.Permanent, `The vendor does not know the row that was asked for. Take filters by id out of the job's options.`},
	{"invalid authorization", fault.Auth, `Check network_token, or client_id and client_secret, of the source.`},
}

func (r refusal) matches(text string) bool {
	for part := range strings.SplitSeq(r.phrase, "*") {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// find returns what is known about a text in lower case.
func find(lower string) (refusal, bool) {
	for _, r := range refusals {
		if r.matches(lower) {
			return r, true
		}
	}
	return refusal{
		class: fault.Permanent,
		hint:  "This text is not known. Look it up in TUNE's documentation or ask their support with it.",
	}, false
}

// longestText is how many bytes of a vendor's text an error shows.
const longestText = 1000

// explain returns the failure that texts of the network layer stand for. They may
// quote credentials, so they must be redacted already.
func explain(texts []string) *fault.Error {
	text := strings.Join(unique(texts), "; ")
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	lower := strings.ToLower(text)
	known, _ := find(lower)
	err := fault.New(known.class, "vendor says: %s", cmp.Or(text, "nothing about why it refuses")).WithHint("%s", known.hint)
	if known.class == fault.Throttled {
		err.Wait = waitIn(lower)
	}
	return err
}

func unique(texts []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

var windowSeconds = regexp.MustCompile(`in (\d{1,5}) second window|\d+/(\d{1,5})s window`)

// waitIn reads the length of the window a throttled answer names, 0 if it names none.
func waitIn(text string) time.Duration {
	m := windowSeconds.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	d, err := time.ParseDuration(cmp.Or(m[1], m[2]) + "s")
	if err != nil {
		return 0
	}
	return d
}

// named are the forms in which the vendor names its limits: of requests in a
// window, whether of the network or of the gateway (current / limit), and in flight.
var (
	namedWindow   = regexp.MustCompile(`(?i)configured:\s*(\d{1,7})/(\d{1,5})s window|\d+\s*/\s*(\d{1,7}) in (\d{1,5}) second window`)
	namedInFlight = regexp.MustCompile(`(?i)concurrent rate limit:\s*\d+\s*/\s*(\d{1,7})`)
)

// limitsIn reads the limits a throttled answer names.
func limitsIn(text string) []ratelimit.Window {
	var list []ratelimit.Window
	add := func(n, seconds string) {
		// Neither can fail: the expressions let digits pass alone, and few of them.
		limit, _ := strconv.Atoi(n)
		per, _ := strconv.Atoi(seconds)
		list = append(list, ratelimit.Window{N: limit, Per: time.Duration(per) * time.Second})
	}
	for _, m := range namedWindow.FindAllStringSubmatch(text, -1) {
		if n, seconds := m[1]+m[3], m[2]+m[4]; strings.Trim(n, "0") != "" && strings.Trim(seconds, "0") != "" {
			add(n, seconds)
		}
	}
	for _, m := range namedInFlight.FindAllStringSubmatch(text, -1) {
		add(m[1], "0")
	}
	return list
}

var refusedField = regexp.MustCompile(`(?i)field '([^']{1,100})' does not exist or is not allowed`)

// fieldIn returns the field a text refuses, "" if it is about something else.
func fieldIn(text string) string {
	m := refusedField.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	// A name can be qualified with its model.
	return m[1][strings.LastIndexByte(m[1], '.')+1:]
}
