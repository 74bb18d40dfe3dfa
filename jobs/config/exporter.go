package config

import (
	"fmt"
	"net"
	"path/filepath"
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
	l.cfg.Exporter = Exporter{
		Zone: t.Timezone.Location, State: l.state(t.State), Spool: l.spool(t.Spool), SpoolMax: int64(t.SpoolMax),
		Key: t.Key, HashKey: t.HashKey, Listen: t.Listen, Concurrency: t.Concurrency,
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

func (l *loader) listen(value string) {
	if value == "" {
		return
	}
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		l.add("exporter.listen", "%q is not an address to listen on; write host and port such as \"127.0.0.1:8686\", or \"\" for none", value)
	}
}

func (l *loader) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.dir, path)
}
