package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"exporter/settings"
)

// secretParam matches the names of query parameters that tend to be secret.
var secretParam = regexp.MustCompile(`(?i)token|secret|passw|pwd|api_?-?key|^key$|auth|signature|^sig$|^code$|session|jwt|credential|cookie|^hasid$`)

// leastSecret is the length from which on a secret is blotted out: shorter ones
// would tear holes into everything.
const leastSecret = 4

// redactor blots secrets out of texts.
type redactor struct {
	params map[string]bool // lower case

	mu       sync.RWMutex
	known    map[string]bool
	forms    []string
	replacer *strings.Replacer
}

func newRedactor(secrets, params []string) *redactor {
	r := &redactor{params: make(map[string]bool), known: make(map[string]bool), replacer: strings.NewReplacer()}
	for _, p := range params {
		r.params[strings.ToLower(p)] = true
	}
	for _, s := range secrets {
		r.add(s)
	}
	return r
}

// add makes r know one more secret, in all the forms it can take on its way.
func (r *redactor) add(secret string) {
	if len(secret) < leastSecret {
		return
	}
	r.mu.RLock()
	known := r.known[secret]
	r.mu.RUnlock()
	if known {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[secret] = true
	r.forms = append(r.forms, forms(secret)...)
	// The replacer takes the first that fits: longer ones first, or the rest of a
	// secret stays behind when another is its beginning.
	slices.SortFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(r.forms))
	for _, f := range r.forms {
		pairs = append(pairs, f, settings.Redacted)
	}
	r.replacer = strings.NewReplacer(pairs...)
}

func forms(secret string) []string {
	list := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		strings.ReplaceAll(secret, "/", `\/`), // JSON as some write it
		base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if quoted, err := json.Marshal(secret); err == nil {
		list = append(list, strings.Trim(string(quoted), `"`))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// text returns s without secrets.
func (r *redactor) text(s string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.replacer.Replace(s)
}

// url returns an address without user, password, secret parameters and secrets.
// It takes what cannot be parsed, too.
func (r *redactor) url(raw string) string {
	address, fragment, hasFragment := strings.Cut(raw, "#")
	address, query, hasQuery := strings.Cut(address, "?")
	if scheme, rest, ok := strings.Cut(address, "://"); ok {
		host, path, hasPath := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i+1:]
		}
		address = scheme + "://" + host
		if hasPath {
			address += "/" + path
		}
	}
	if hasQuery {
		address += "?" + r.query(query)
	}
	if hasFragment && fragment != "" {
		address += "#" + settings.Redacted // some logins put tokens there
	}
	return r.text(address)
}

// query returns the parameters for a person to read: secret values are gone,
// brackets are brackets, and of a parameter sent many times the first value stands
// for all.
func (r *redactor) query(raw string) string {
	var shown []string
	last, more := "", 0
	flush := func() {
		if more > 0 {
			shown = append(shown, fmt.Sprintf("%s=…%d more", last, more))
		}
		more = 0
	}
	for pair := range strings.SplitSeq(raw, "&") {
		escaped, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(escaped)
		if err != nil {
			name = escaped
		}
		if name == last && strings.HasSuffix(name, "[]") {
			more++
			continue
		}
		flush()
		last = name
		switch {
		case value == "":
			shown = append(shown, bracket.Replace(pair))
		case err != nil || r.params[strings.ToLower(name)] || secretParam.MatchString(name):
			shown = append(shown, bracket.Replace(escaped)+"="+settings.Redacted)
		default:
			shown = append(shown, bracket.Replace(escaped)+"="+value)
		}
	}
	flush()
	return strings.Join(shown, "&")
}

var bracket = strings.NewReplacer("%5B", "[", "%5D", "]", "%5b", "[", "%5d", "]")
