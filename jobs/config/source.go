package config

import (
	"maps"
	"slices"
	"strings"

	"exporter/ratelimit"
	"exporter/settings"
)

// sourceTable is what every source has besides the settings of its driver.
type sourceTable struct {
	Driver      string                        `toml:"driver"`
	Credential  string                        `toml:"credential"`
	Limits      []ratelimit.Window            `toml:"limits"`
	Classes     map[string][]ratelimit.Window `toml:"classes"`
	Concurrency int                           `toml:"concurrency"`
	MaxWait     settings.Duration             `toml:"max_wait"`
}

var sourceKeys = []string{"driver", "credential", "limits", "classes", "concurrency", "max_wait"}

// Drivers of the design that this version does not have.
var (
	laterSources = []string{"owapro", "piwikpro", "hubrise"}
	laterSinks   = []string{"gcs", "files", "sqlite"}
)

// source is a source of the file whose driver is known.
type source struct {
	*Source
	key   string
	valid bool // nothing in its table was reported: its settings can be asked
}

func (l *loader) source(key, name string, raw map[string]any) {
	l.sources[name] = nil
	names := make([]string, len(l.drivers.Sources))
	for i, d := range l.drivers.Sources {
		names[i] = d.Name
	}
	i := l.driver(key, raw, names, laterSources)
	if i < 0 {
		return
	}
	s := &source{key: key, Source: &Source{Name: name, Driver: l.drivers.Sources[i]}}
	l.sources[name] = s
	l.cfg.Sources = append(l.cfg.Sources, s.Source)

	table := l.interpolate(key, withoutDriver(raw))
	own, common := split(table, sourceKeys)
	var t sourceTable
	l.decode(key, common, &t)
	s.Settings = s.Driver.Config()
	l.decode(key, own, s.Settings, sourceKeys...)
	l.problems(key, s.Settings.Validate())
	l.common(key, common, t)
	if l.has(key) {
		return
	}
	credential := s.Settings.Credential()
	l.classes(key, t, credential.Limits)
	s.Credential, s.Limits = credential.Name, limits(credential.Limits, common, t)
	if t.Credential != "" {
		s.Credential = t.Credential
	}
	if err := s.Limits.Validate(); err != nil {
		l.add(key, "%v", err)
	}
	s.valid = !l.has(key)
}

// driver returns the index of a table's driver in names, -1 if it was reported.
func (l *loader) driver(key string, raw map[string]any, names, later []string) int {
	at := join(key, "driver")
	written, ok := raw["driver"]
	if !ok {
		l.add(at, "missing; write driver = %s", placeholder(names))
		return -1
	}
	var name string
	if name, ok = l.value(at, written).(string); !ok {
		if !l.has(at) {
			l.add(at, "want a string, have %s; %s", kindOf(written), choices("", names))
		}
		return -1
	}
	i := slices.Index(names, name)
	switch {
	case i >= 0:
	case slices.Contains(later, name):
		l.add(at, "driver %s is not in this version; it has: %s", name, strings.Join(names, ", "))
	default:
		l.add(at, "unknown driver %q; %s", name, choices(name, names))
	}
	return i
}

// withoutDriver returns a table without the key that [loader.driver] has read.
func withoutDriver(raw map[string]any) map[string]any {
	rest := maps.Clone(raw)
	delete(rest, "driver")
	return rest
}

// split parts a table into an adapter's own keys and those all tables of the kind have.
func split(table map[string]any, commonKeys []string) (own, common map[string]any) {
	own, common = map[string]any{}, map[string]any{}
	for k, v := range table {
		if slices.Contains(commonKeys, k) {
			common[k] = v
		} else {
			own[k] = v
		}
	}
	return own, common
}

// common checks what stands in the keys that every source has.
func (l *loader) common(key string, table map[string]any, t sourceTable) {
	if _, set := table["concurrency"]; set && t.Concurrency < 1 && !l.has(key+".concurrency") {
		l.add(key+".concurrency", "%d requests in flight is no work at all; write at least 1", t.Concurrency)
	}
	if _, set := table["max_wait"]; set && t.MaxWait.IsZero() && !l.has(key+".max_wait") {
		l.add(key+".max_wait", "must be more than nothing; write a duration such as \"5m\"")
	}
	if _, set := table["credential"]; set && strings.TrimSpace(t.Credential) == "" && !l.has(key+".credential") {
		l.add(key+".credential", "names nothing; write a name, or take the line out")
	}
}

// classes reports classes no request of the driver belongs to.
func (l *loader) classes(key string, t sourceTable, defaults ratelimit.Limits) {
	known := slices.Sorted(maps.Keys(defaults.Classes))
	for _, class := range slices.Sorted(maps.Keys(t.Classes)) {
		if slices.Contains(known, class) {
			continue
		}
		at := join(key+".classes", class)
		if len(known) == 0 {
			l.add(at, "the requests of this driver have no classes; write limits instead")
		} else {
			l.add(at, "unknown class of requests; %s", choices(class, known))
		}
	}
}

// limits lays what a table states over the driver's defaults.
func limits(defaults ratelimit.Limits, table map[string]any, t sourceTable) ratelimit.Limits {
	out := defaults
	out.Classes = map[string][]ratelimit.Window{}
	maps.Copy(out.Classes, defaults.Classes)
	if _, set := table["limits"]; set {
		out.Windows = t.Limits
	}
	for class, windows := range t.Classes {
		out.Classes[class] = windows
		if len(windows) == 0 {
			delete(out.Classes, class)
		}
	}
	if t.Concurrency > 0 {
		out.Concurrency = t.Concurrency
	}
	if !t.MaxWait.IsZero() {
		out.MaxWait = t.MaxWait.Std()
	}
	return out
}
