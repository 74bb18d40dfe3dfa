package owapro

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources/httpapi"
)

// lifetime is a number of seconds, 0 if it was not said.
type lifetime int64

// forever is longer than any token lives, and a duration still holds it.
const forever = 100 * 365 * 24 * 60 * 60

func (l lifetime) end(now time.Time) time.Time {
	if l <= 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(min(l, forever)) * time.Second)
}

// grant is one token of an answer: {"token": …, "expires_in": …}, or only its text
// as in RFC 6749.
type grant struct {
	Token   settings.Secret
	Expires lifetime
}

// UnmarshalJSON implements json.Unmarshaler.
func (g *grant) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(&g.Token))
	}
	var nested struct {
		Token   string   `json:"token"`
		Expires lifetime `json:"expires_in"`
	}
	err := json.Unmarshal(data, &nested)
	g.Token, g.Expires = settings.Secret(nested.Token), nested.Expires
	return err
}

// tokenAnswer is the vendor's nested form, and the flat one of RFC 6749.
type tokenAnswer struct {
	Refresh grant `json:"refresh_token"`
	Access  grant `json:"access_token"`
	// In the flat form.
	Expires        lifetime `json:"expires_in"`
	RefreshExpires lifetime `json:"refresh_token_expires_in"`
}

// readToken reads a token answer over the token before it: a refresh token is
// replaced when a new one came and kept otherwise.
func readToken(body io.Reader, before httpapi.Token, now time.Time) (httpapi.Token, error) {
	var a tokenAnswer
	d := json.NewDecoder(io.LimitReader(body, 1<<20))
	err := d.Decode(&a)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err != nil {
		// The decoder's words could quote the answer, and with it a token.
		return httpapi.Token{}, fault.New(fault.Transient, "read token: the answer is not the JSON of a token").
			WithHint("The account host sent something else than documented; it is asked again. If that stays so, look at account_url of the source.")
	}
	t := httpapi.Token{Access: a.Access.Token, Refresh: before.Refresh, RefreshExpires: before.RefreshExpires}
	if a.Access.Expires == 0 {
		a.Access.Expires = a.Expires
	}
	if a.Refresh.Expires == 0 {
		a.Refresh.Expires = a.RefreshExpires
	}
	t.Expires = a.Access.Expires.end(now)
	if a.Refresh.Token != "" {
		t.Refresh, t.RefreshExpires = a.Refresh.Token, a.Refresh.Expires.end(now)
	}
	return t, nil
}
