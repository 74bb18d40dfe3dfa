package settings

import (
	"net"
	"strings"
)

// Loopback reports whether a host, a name or an address without port and brackets,
// is this machine and cannot be another one.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
