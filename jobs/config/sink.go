package config

import "exporter/sinks"

// sinkTable is what every sink has besides the settings of its driver.
type sinkTable struct {
	Driver string `toml:"driver"`
}

// sink is a sink of the file whose driver is known.
type sink struct {
	*Sink
	target string // "" if its table was reported
}

func (l *loader) sink(key, name string, raw map[string]any) {
	l.sinks[name] = nil
	names := make([]string, len(l.drivers.Sinks))
	for i, d := range l.drivers.Sinks {
		names[i] = d.Name
	}
	i := l.driver(key, raw, names, laterSinks)
	if i < 0 {
		return
	}
	s := &sink{Sink: &Sink{Name: name, Driver: l.drivers.Sinks[i]}}
	l.sinks[name] = s
	l.cfg.Sinks = append(l.cfg.Sinks, s.Sink)
	s.Settings = s.Driver.Config()
	l.decode(key, l.interpolate(key, withoutDriver(raw)), s.Settings, "driver")
	if r, ok := s.Settings.(sinks.Relative); ok {
		r.Resolve(l.dir)
	}
	l.problems(key, s.Settings.Validate())
	if !l.has(key) {
		s.target = s.Settings.Target()
	}
}
