package config

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"exporter/settings"
)

type exporterTable struct {
	Timezone    zone            `toml:"timezone"`
	State       string          `toml:"state"`
	Spool       string          `toml:"spool"`
	SpoolMax    settings.Size   `toml:"spool_max"`
	Key         settings.Secret `toml:"key"`
	HashKey     settings.Secret `toml:"hash_key"`
	Listen      string          `toml:"listen"`
	ListenHosts []string        `toml:"listen_hosts"`
	Concurrency int             `toml:"concurrency"`
}

// zone is a time zone by its IANA name.
type zone struct{ *time.Location }

func (z *zone) UnmarshalText(b []byte) error {
	// Both names mean whatever the machine is set to, which differs between machines.
	if s := string(b); s != "" && s != "Local" {
		if loc, err := time.LoadLocation(s); err == nil {
			z.Location = loc
			return nil
		}
	}
	return fmt.Errorf("%q is not a time zone; write an IANA name such as \"Europe/Berlin\" or \"UTC\"", b)
}

// exporter reads [exporter]; the table may be missing.
func (l *loader) exporter(raw any) {
	t := exporterTable{
		Timezone: zone{time.UTC}, State: "sqlite:exporter-state.db", Spool: "exporter-spool",
		SpoolMax: 20 << 30, Listen: "127.0.0.1:8686", Concurrency: 8,
	}
	if raw != nil {
		if table, ok := l.table("exporter", raw); ok {
			l.decode("exporter", l.interpolate("exporter", table), &t)
		}
	}
	if t.SpoolMax <= 0 && !l.has("exporter.spool_max") {
		l.add("exporter.spool_max", "must be more than nothing; write a size such as \"20GiB\"")
	}
	if t.Concurrency < 1 {
		l.add("exporter.concurrency", "%d slices at once is no work at all; write at least 1, usually 8", t.Concurrency)
	}
	l.listen(t.Listen)
	l.listenHosts(t.ListenHosts)
	l.cfg.Exporter = Exporter{
		Zone: t.Timezone.Location, State: l.state(t.State), Spool: l.spool(t.Spool), SpoolMax: int64(t.SpoolMax),
		Key: t.Key, HashKey: t.HashKey, Listen: t.Listen, ListenHosts: t.ListenHosts, Concurrency: t.Concurrency,
	}
}

// state returns the absolute path of the SQLite file. The value is never
// quoted: the address of a database holds a password.
func (l *loader) state(value string) string {
	const key, write = "exporter.state", `write a file such as "sqlite:exporter-state.db"`
	path, ok := strings.CutPrefix(value, "sqlite:")
	switch {
	case strings.HasPrefix(value, "postgres://"), strings.HasPrefix(value, "postgresql://"):
		l.add(key, "a state in Postgres is for several processes that share one state, which this version cannot do yet; %s", write)
	case !ok:
		l.add(key, "does not say \"sqlite:\" before the path; %s", write)
	case path == "" || strings.HasPrefix(path, "//"):
		l.add(key, "names no file; %s", write)
	}
	return l.absolute(path)
}

// spool returns the absolute path of the folder. It must be a folder of its own
// because the exporter sets its mode and removes what it finds finished there.
func (l *loader) spool(value string) string {
	path := l.absolute(value)
	if rel, err := filepath.Rel(path, l.dir); value == "" || err == nil && filepath.IsLocal(rel) {
		l.add("exporter.spool", "must be a folder of its own, not one that holds the configuration; write \"exporter-spool\"")
	}
	return path
}

// listen refuses every address that another machine can reach: whoever reaches the
// page sees it, there is no login.
func (l *loader) listen(value string) {
	if value == "" || l.has("exporter.listen") {
		return
	}
	host, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	switch {
	case err != nil:
		l.add("exporter.listen", "%q is not an address to listen on; write host and port such as \"127.0.0.1:8686\", or \"\" for none", value)
	case !settings.Loopback(host):
		l.add("exporter.listen", "%q can be reached from other machines, and the page has no login; write \"127.0.0.1:%s\" and reach it by `ssh -L %[2]s:127.0.0.1:%[2]s HOST`, or through a reverse proxy with a login on this machine (its name belongs into listen_hosts)", value, port)
	}
}

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

func (l *loader) listenHosts(names []string) {
	for i, name := range names {
		if at := index("exporter.listen_hosts", i); !hostName.MatchString(name) && !l.has(at) {
			l.add(at, "%q is not the name of a host; write it in small letters, without scheme and port, such as \"exporter.example.com\"", name)
		}
	}
}

func (l *loader) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.dir, path)
}
