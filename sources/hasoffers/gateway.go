package hasoffers

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"exporter/fault"
)

// gatewayFault returns the failure of an answer with an HTTP status other than
// 2xx. The status decides, the text refines: the shape of these bodies is not
// documented, so the text is searched wherever it stands.
func gatewayFault(status int, body string) *fault.Error {
	text := gatewayText(body)
	r, found := find(strings.ToLower(text))
	switch {
	case status == http.StatusTooManyRequests:
		r = r.as(fault.Throttled, found, "Lower limits of the source if this happens often.")
	case status == http.StatusRequestTimeout || status >= 500:
		r = r.as(fault.Transient, found, "The gateway, or the vendor behind it, has a fault; it is asked again. If that stays so, look at the vendor's status page.")
	case status == http.StatusUnauthorized || status == http.StatusForbidden && !found:
		r = r.as(fault.Auth, found, "The gateway refuses the login. Check the credentials of the source.")
	case r.class == fault.Transient || r.class == fault.Throttled: // the status says that repeating is of no use
		r = r.as(fault.Permanent, false, "The gateway refuses the request. Ask TUNE's support with the request id.")
	}
	err := fault.New(r.class, "vendor says: %s", cmp.Or(text, "nothing")).WithHint("%s", r.hint)
	if r.class == fault.Throttled {
		err.Wait = waitIn(strings.ToLower(text))
	}
	return err
}

// as returns r with another class, and with another hint unless r was found for its text.
func (r refusal) as(class fault.Class, found bool, hint string) refusal {
	if !found || r.class != class {
		r.hint = hint
	}
	r.class = class
	return r
}

// gatewayText returns the sentence of an error body, or its beginning.
func gatewayText(body string) string {
	var shapes struct {
		Message     string `json:"message"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Response    struct {
			ErrorMessage string `json:"errorMessage"`
		} `json:"response"`
	}
	if err := json.Unmarshal([]byte(body), &shapes); err == nil {
		var found []string
		for _, text := range []string{shapes.Message, shapes.Error, shapes.Description, shapes.Response.ErrorMessage} {
			if text != "" {
				found = append(found, text)
			}
		}
		if len(found) > 0 {
			return strings.Join(found, ": ")
		}
	}
	const most = 300
	text := strings.Join(strings.Fields(body), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
