package hubrise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources/httpapi"
)

// What is kept of a token's answer besides the token.
const (
	grantAccount  = "account_id"
	grantLocation = "location_id"
	grantCatalog  = "catalog_id"
	grantList     = "customer_list_id"
	grantScope    = "scope" // that was asked for
)

// granted are the things that a token may be bound to, with their names in answers.
var granted = []struct{ id, name, what string }{
	{grantAccount, "account_name", "account"},
	{grantLocation, "location_name", "location"},
	{grantCatalog, "catalog_name", "catalog"},
	{grantList, "customer_list_name", "customer list"},
}

// readToken reads a token answer. Every id in it is optional.
func readToken(body io.Reader, scope string) (httpapi.Token, error) {
	var answer map[string]any
	d := json.NewDecoder(io.LimitReader(body, 1<<20))
	err := d.Decode(&answer)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err != nil {
		// The decoder's words could quote the answer, and with it a token.
		return httpapi.Token{}, fault.New(fault.Transient, "read token: the answer is not the JSON of a token").
			WithHint("The login host sent something else than documented. Look at auth_url of the source, which ends in /oauth2/v1.")
	}
	get := func(name string) string {
		text, _ := answer[name].(string)
		return text
	}
	t := httpapi.Token{Access: settings.Secret(get("access_token")), Extra: map[string]string{grantScope: scope}}
	for _, g := range granted {
		for _, name := range []string{g.id, g.name} {
			if text := get(name); text != "" {
				t.Extra[name] = text
			}
		}
	}
	return t, nil
}

// narrowed tells what a new connection no longer leads to that the one before did. The
// vendor hands out the same token again, and moves it without a word.
func narrowed(before, after map[string]string) []string {
	var lost []string
	for _, g := range granted {
		was, is := before[g.id], after[g.id]
		switch {
		case was == "" || was == is:
		case is == "":
			lost = append(lost, fmt.Sprintf("no %s any more (it was %s)", g.what, named(before, g.id, g.name)))
		default:
			lost = append(lost, fmt.Sprintf("the %s is %s now (it was %s)", g.what, named(after, g.id, g.name), named(before, g.id, g.name)))
		}
	}
	return lost
}

func named(extra map[string]string, id, name string) string {
	if extra[name] == "" {
		return extra[id]
	}
	return fmt.Sprintf("%s %q", extra[id], extra[name])
}

// level tells what a token is for, by the scope that was asked for; "" if that says nothing.
func level(extra map[string]string) string {
	switch scope := extra[grantScope]; {
	case strings.HasPrefix(scope, levelAccount+"["):
		return levelAccount
	case strings.HasPrefix(scope, levelLocation+"["):
		return levelLocation
	}
	return ""
}
