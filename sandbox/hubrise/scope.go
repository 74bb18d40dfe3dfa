package hubrise

import (
	"fmt"
	"slices"
	"strings"
)

// scope is what a person granted (sheet: Scopes).
type scope struct {
	account bool // level
	perms   []string
	profile bool
	email   bool
}

var resources = []string{"orders", "customer_list", "all_customer_lists", "catalog", "all_catalogs", "inventory"}

const (
	allOfAccount  = "account[orders.read,all_customer_lists.read,all_catalogs.read,inventory.read],profile_with_email"
	allOfLocation = "location[orders.read,customer_list.read,catalog.read]"
)

// parseScope reads "location[perm,...]" or "account[perm,...]", with or without a profile. Brackets may be empty or end in a comma.
func parseScope(text string) (s scope, err error) {
	level, rest, found := strings.Cut(text, "[")
	inside, rest2, closed := strings.Cut(rest, "]")
	if !found {
		rest2, level = text, ""
	}
	if found && (!closed || level != "account" && level != "location") {
		return s, fmt.Errorf("scope %q is not understood", text)
	}
	s.account = level == "account"
	for _, perm := range strings.Split(inside, ",") {
		perm = strings.TrimSpace(perm)
		if perm == "" || !found {
			continue
		}
		resource, right, _ := strings.Cut(perm, ".")
		if !slices.Contains(resources, resource) || right != "read" && right != "write" {
			return s, fmt.Errorf("scope %q: no permission %q", text, perm)
		}
		s.perms = append(s.perms, perm)
	}
	for _, part := range strings.Split(rest2, ",") {
		switch strings.TrimSpace(part) {
		case "":
		case "profile":
			s.profile = true
		case "profile_with_email":
			s.profile, s.email = true, true
		default:
			return s, fmt.Errorf("scope %q is not understood", text)
		}
	}
	if !found && !s.profile {
		return s, fmt.Errorf("scope %q is empty", text)
	}
	return s, nil
}

// can reports whether a resource may be read; who may write may read.
func (s scope) can(resource string) bool {
	return slices.Contains(s.perms, resource+".read") || slices.Contains(s.perms, resource+".write")
}
