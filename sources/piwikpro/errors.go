package piwikpro

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/sources/httpapi"
)

// classify returns the failure of an answer with a bad status. A nil leaves the
// answer to httpapi, which knows 429 and 5xx.
func classify(status int, _ http.Header, body []byte) error {
	text := vendorText(body)
	lower := strings.ToLower(text)
	switch status {
	case http.StatusBadRequest:
		return refusal(fault.Config, text, badRequestHint(lower))
	case http.StatusUnauthorized:
		return refusal(fault.Auth, text, "A new token was refused as well. Check client_id, client_secret and base_url of the source, then run exporter validate --connect.")
	case http.StatusPaymentRequired:
		return refusal(fault.Auth, text, "The account has no licence any more. Ask its owner.")
	case http.StatusForbidden:
		if strings.Contains(lower, "licen") {
			return refusal(fault.Auth, text, "The account or site has no licence for this. Ask its owner, or take the site out of the job.")
		}
		return refusal(fault.Auth, text, "The login works but may not see this site. Give the user of the credentials access to it in Piwik PRO, or take it out of the job.")
	case http.StatusNotFound:
		return refusal(fault.Config, text, "There is no such site, or the login may not see it. Check website_id of the job (the stream apps lists them) and base_url of the source.")
	case http.StatusMethodNotAllowed:
		return refusal(fault.Permanent, text, "base_url may lead to a redirect that changes the method. Write the final address.")
	case http.StatusRequestEntityTooLarge:
		return refusal(fault.Config, text, "Ask for fewer columns or shorten the filters.")
	}
	return nil
}

func badRequestHint(lower string) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	switch {
	case has("does not exist", "not available", "integration"):
		return "Take the column out of the job, or write its id as in Piwik PRO's lists of dimensions and metrics. Columns of an integration are there only on sites that have it: read them in a job of their own."
	case has("offset", "limit"):
		return "Lower page_size of the job, or make its interval shorter."
	case has("date_from", "date_to", "date range"):
		return "Make the interval of the job shorter."
	case has("scope", "combin", "product"):
		return "These columns do not go together: what is counted by session, event or product cannot stand in one report. Make a job of each."
	}
	return "Check columns and filters of the job: what is counted by session, event or product does not always go together, and each type of column has its own operators."
}

func refusal(class fault.Class, text, hint string) error {
	if text == "" {
		text = "nothing about why it refuses"
	}
	return fault.New(class, "vendor says: %s", text).WithHint("%s", hint)
}

// problem is an error in each of the shapes the vendor's services have.
type problem struct {
	Errors []struct {
		Code   text `json:"code"`
		Title  text `json:"title"`
		Detail text `json:"detail"`
		Source struct {
			Parameter text `json:"parameter"`
			Pointer   text `json:"pointer"`
		} `json:"source"`
	} `json:"errors"`
	Message     text `json:"message"`
	Error       text `json:"error"`
	Description text `json:"error_description"`
	Hint        text `json:"hint"`
	Title       text `json:"title"` // an item without its list, as an example of the documentation has it
	Detail      text `json:"detail"`
}

// text is a string of an error, and nothing if it is none.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(strings.TrimSpace(s))
	}
	return nil
}

// longestText is how much of an error of the vendor is shown.
const longestText = 1000

// vendorText returns what an answer says about itself.
func vendorText(body []byte) string {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return clip(string(body), 300)
	}
	var parts []string
	add := func(list ...text) {
		for _, t := range list {
			if t != "" && !slices.Contains(parts, string(t)) {
				parts = append(parts, string(t))
			}
		}
	}
	for _, e := range p.Errors {
		said := e.Detail
		if said == "" {
			said = e.Title
		}
		if said == "" {
			said = e.Code
		}
		if where := e.Source.Parameter + e.Source.Pointer; where != "" {
			said += " (" + where + ")"
		}
		add(said)
	}
	add(p.Error, p.Description, p.Message, p.Hint, p.Title, p.Detail)
	return clip(strings.Join(parts, "; "), longestText)
}

// clip returns a text on one line, cut to so many bytes.
func clip(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// statusOf returns the HTTP status a call was refused with, 0 if it was not.
func statusOf(err error) int {
	var e *httpapi.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}
