package hasoffers

import (
	"encoding/json"
	"net/http"
	"strings"

	"exporter/fault"
)

// gatewayFault returns the failure of an answer with an HTTP status other than
// 2xx. The status decides, the text refines: the shape of these bodies is not
// documented, so the text is searched wherever it stands.
func gatewayFault(status int, body string) *fault.Error {
	known := explain([]string{gatewayText(body)})
	class := known.Class
	switch {
	case status == http.StatusTooManyRequests:
		class = fault.Throttled
	case status == http.StatusRequestTimeout || status >= 500:
		class = fault.Transient
	case status == http.StatusUnauthorized || status == http.StatusForbidden && class != fault.Permanent:
		class = fault.Auth
	case class == fault.Transient || class == fault.Throttled:
		class = fault.Permanent // the status says that repeating is of no use
	}
	err := fault.New(class, "http status %d: %w", status, known)
	if class == fault.Throttled {
		err.Wait = known.Wait
	}
	return err
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
