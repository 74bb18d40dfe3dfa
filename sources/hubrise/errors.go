package hubrise

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"exporter/fault"
	"exporter/sources/httpapi"
)

// classifier turns refusals of the resource host and of the login host into failures.
type classifier struct {
	source string
	login  string // what connects the source again
	now    func() time.Time

	mu    sync.Mutex
	until time.Time     // when the last wait ended
	step  time.Duration // the window that was waited for
}

// classify returns nil for what httpapi knows: 5xx and the rest.
func (c *classifier) classify(status int, header http.Header, body []byte) error {
	text := vendorText(body)
	switch status {
	case http.StatusBadRequest:
		return refusal(fault.Permanent, text, "The vendor does not understand the request. Check base_url of the source, then report it with this text.")
	case http.StatusUnauthorized:
		return refusal(fault.Auth, text, "The connection is blocked, not paid for, or was ended. The token is kept, because a block can end. Look at the account in HubRise's back office. "+c.login)
	case http.StatusForbidden:
		return refusal(fault.Auth, text, "The connection lacks a permission. "+c.login)
	case http.StatusNotFound:
		return refusal(fault.Config, text, "Check the ids in the job's options and base_url of the source. What was there may have been deleted, or the token is for another account.")
	case http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return refusal(fault.Permanent, text, "The vendor refuses what was asked for. Report it with this text.")
	case http.StatusTooManyRequests:
		if _, said := httpapi.RetryAfter(header, c.now()); said {
			return nil
		}
		return fault.New(fault.Throttled, "vendor says: %s", said(text)).WithWait(c.wait())
	}
	return nil
}

// wait is until the next round minute, for the vendor's windows begin there. Who is
// refused again right after it waits for the round hour, then for the day.
func (c *classifier) wait() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	switch again := now.Sub(c.until); {
	case now.Before(c.until): // another request of the same time
	case c.step == 0 || again > time.Minute:
		c.step = time.Minute
	case c.step == time.Minute:
		c.step = time.Hour
	default:
		c.step = 24 * time.Hour
	}
	if !now.Before(c.until) {
		c.until = now.Truncate(c.step).Add(c.step)
	}
	return c.until.Sub(now) + time.Second + rand.N(2*time.Second)
}

func refusal(class fault.Class, text, hint string) error {
	return fault.New(class, "vendor says: %s", said(text)).WithHint("%s", hint)
}

func said(text string) string {
	if text == "" {
		return "nothing about why it refuses"
	}
	return text
}

// vendorText returns what an answer says about itself: the words of the API or of
// OAuth, else the text as it is.
func vendorText(body []byte) string {
	var a struct {
		Type        string `json:"error_type"`
		Message     string `json:"message"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Errors      []struct {
			Field   string `json:"field"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &a) != nil {
		const most = 300
		text := strings.Join(strings.Fields(string(body)), " ")
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "") + "…"
		}
		return text
	}
	var parts []string
	for _, part := range []string{a.Message, a.Error, a.Description} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, e := range a.Errors {
		parts = append(parts, strings.TrimSpace(e.Field+" "+e.Message))
	}
	text := strings.Join(parts, "; ")
	if a.Type != "" {
		text = strings.TrimSpace(text + " (" + a.Type + ")")
	}
	return text
}

// statusOf returns the HTTP status a call was refused with, 0 if it was not.
func statusOf(err error) int {
	var e *httpapi.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// scopes are the permissions that a stream needs one of, by its name; locations are
// seen with any.
var scopes = map[string][]string{
	streamOrders:    {"orders.read"},
	streamCustomers: {"all_customer_lists.read", "customer_list.read"},
	streamCatalogs:  {"all_catalogs.read", "catalog.read"},
}

// scopeTexts are how to say so.
var scopeTexts = map[string]string{
	streamOrders:    "orders.read",
	streamCustomers: "all_customer_lists.read (or customer_list.read for one list)",
	streamCatalogs:  "all_catalogs.read (or catalog.read for one catalog)",
	streamLocations: "of any kind at the account, or at the location",
}
