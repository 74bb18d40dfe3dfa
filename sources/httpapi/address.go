package httpapi

import (
	"net"
	"net/url"
	"strings"

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
	case u.Scheme == "http" && !allowInsecure && !loopback(u.Hostname()):
		return []settings.Problem{settings.Problemf(key, "would send credentials in the clear; write https://, or set allow_insecure = true")}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
