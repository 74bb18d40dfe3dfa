package config

import (
	"net/url"

	"exporter/settings"
)

// pingURL checks where a job's runs are told. The value is never quoted: whoever
// knows the address can say that all is well.
func (l *loader) pingURL(j *job) {
	at := j.key + ".ping_url"
	if j.PingURL == "" || l.has(at) {
		return
	}
	u, err := url.Parse(j.PingURL.Reveal())
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "":
		l.add(at, "is not an address; write one such as \"https://hc-ping.com/UUID\", in an environment variable or a file")
	case u.Scheme == "http" && !settings.Loopback(u.Hostname()):
		l.add(at, "would be sent in the clear, and whoever reads it can say that all is well; write https://")
	}
}
