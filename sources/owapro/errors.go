package owapro

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/sources/httpapi"
)

// classify returns the failure of an answer with a bad status; source is named in
// hints. A nil leaves the answer to httpapi, which knows 429 and 5xx.
func classify(source string, session bool) func(int, http.Header, []byte) error {
	return func(status int, _ http.Header, body []byte) error {
		text := vendorText(body)
		switch status {
		case http.StatusBadRequest:
			return refusal(fault.Permanent, text, "The vendor does not understand the request. Check dimensions, metrics and filters of the job.")
		case http.StatusUnauthorized:
			return refusal(fault.Auth, text, loginHint(source, session, text))
		case http.StatusForbidden:
			if appRefused(text) {
				return refusal(fault.Auth, text, loginHint(source, session, text))
			}
			return refusal(fault.Auth, text, "The login works but may not see this. Ask the OWAPro user who granted access, or take it out of the job.")
		case http.StatusNotFound:
			return refusal(fault.Config, text, "Check configid and customers of the job (the streams configs and customers list them) and base_url of the source.")
		case http.StatusMethodNotAllowed:
			return refusal(fault.Permanent, text, "base_url may lead to a redirect that changes the method. Write the final address.")
		case http.StatusNotAcceptable:
			return refusal(fault.Permanent, text, `The vendor has no such format here. Write format = "json" in the job's options.`)
		case http.StatusGone:
			return refusal(fault.Permanent, text, "The vendor has removed this. Take it out of the job.")
		case http.StatusTeapot:
			return refusal(fault.Permanent, text, "The vendor refuses in jest (418). Check base_url, then ask their support.")
		}
		return nil
	}
}

func refusal(class fault.Class, text, hint string) error {
	if text == "" {
		text = "nothing about why it refuses"
	}
	return fault.New(class, "vendor says: %s", text).WithHint("%s", hint)
}

func loginHint(source string, session bool, text string) string {
	switch {
	case session:
		return "The session is over. Log in to OWAPro and set hasid of source " + source + " to the new cookie."
	case appRefused(text):
		return "The vendor refuses the app itself. Check client_id of source " + source + ", and whether the app is active."
	default:
		return "A new access token was refused as well. Run `exporter auth login " + source + "` and log in with a browser."
	}
}

// vendorText returns what an answer says about itself: the shapes of error bodies
// are not documented, so the usual members are looked for wherever they stand.
func vendorText(body []byte) string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		const most = 300
		text := strings.Join(strings.Fields(string(body)), " ")
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "") + "…"
		}
		return text
	}
	var found []string
	collect(v, false, &found)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), "; ")
}

// telling are the members whose texts say what went wrong.
var telling = []string{"msg", "message", "error", "errors", "error_description", "description", "detail"}

func collect(v any, told bool, found *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			collect(member, told || slices.Contains(telling, strings.ToLower(name)), found)
		}
	case []any:
		for _, element := range v {
			collect(element, told, found)
		}
	case string:
		if told && v != "" && v != "OK" {
			*found = append(*found, v)
		}
	case json.Number:
		if told {
			*found = append(*found, v.String())
		}
	}
}

// inAnswer is the failure of an answer that came with HTTP 200. It may be about
// anything, so the words decide what kind it is.
func inAnswer(text string) *fault.Error {
	lower := strings.ToLower(text)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	switch {
	case has("permission", "not allowed", "forbidden", "access denied", "access_denied", "no rights"):
		return fault.New(fault.Auth, "vendor says: %s", text).
			WithHint("The login works but may not see this. Ask the OWAPro user who granted access, or take it out of the job.")
	case has("unknown", "does not exist", "not found", "invalid", "no such", "missing", "required"):
		return fault.New(fault.Config, "vendor says: %s", text).
			WithHint("Check configid, dimensions, metrics and filters of the job.")
	case has("timeout", "timed out", "try again", "maintenance", "temporar", "overload"):
		return fault.New(fault.Transient, "vendor says: %s", text).WithHint("The vendor has trouble; it is asked again.")
	}
	return fault.New(fault.Permanent, "vendor says: %s", text).
		WithHint("This text is not known. Ask Hurra's support with it.")
}

// statusOf returns the HTTP status a call was refused with, 0 if it was not.
func statusOf(err error) int {
	var e *httpapi.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}
