package httpapi

import (
	"net/url"
	"strings"
	"time"

	"exporter/settings"
)

// CheckURL reports what keeps value, the setting key of a source, from being an
// address that this client may ask. Example is an address as it should look.
func CheckURL(key, value, example string, allowInsecure bool) []settings.Problem {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return []settings.Problem{settings.Problemf(key, "is not an address; write it like %q", example)}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return []settings.Problem{settings.Problemf(key, "may hold neither a login nor parameters; write it like %q", example)}
	case u.Scheme == "http" && !allowInsecure && !settings.Loopback(u.Hostname()):
		return []settings.Problem{settings.Problemf(key, "would send credentials in the clear; write https://, or set allow_insecure = true")}
	}
	return nil
}

// CheckTimeout reports what keeps value, the setting key of a source, from being
// how long a request may take. Example is a duration as it should look.
func CheckTimeout(key string, value settings.Duration, example string) []settings.Problem {
	if value.Std() < time.Second {
		return []settings.Problem{settings.Problemf(key, "must be at least a second; write %q", example)}
	}
	return nil
}

// Host returns the host of an address in small letters, port included, for the
// names of credentials and accounts; "" if the address has none.
func Host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
