package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"exporter/jobs/config"
	"exporter/sources"
)

// initObject is the configuration that init wrote.
type initObject struct {
	Type        string   `json:"type"` // init
	Config      string   `json:"config"`
	Sources     []string `json:"sources"`
	Sinks       []string `json:"sinks"`
	Settings    []string `json:"settings"` // that are examples in the file
	Environment []string `json:"environment"`
	Logins      []string `json:"logins"` // sources that a person has to connect
}

// nextSteps says what is left to do with a starter.
func (p *program) nextSteps(path string, chosen config.Drivers, text string) error {
	o := initObject{
		Type: "init", Config: path, Sources: sourceDrivers(chosen), Sinks: sinkDrivers(chosen),
		Settings: []string{}, Environment: variables(text), Logins: []string{},
	}
	var steps []string
	for _, d := range chosen.Sources {
		left, err := unfinished(d)
		if err != nil {
			return err
		}
		for _, key := range left.examples {
			o.Settings = append(o.Settings, "sources."+left.source+"."+key)
		}
		if len(left.examples) > 0 {
			steps = append(steps, fmt.Sprintf("Write your own %s into [sources.%s] of %s.", strings.Join(left.examples, ", "), left.source, path))
		}
		if left.login {
			o.Logins = append(o.Logins, left.source)
		}
	}
	if p.out.json {
		p.out.object(o)
		return nil
	}
	command := commandOf(path)
	steps = append(steps, "Look over the jobs in it: ids and columns are examples. A job loads its lookback, and with start = \"2026-01-01\" everything from that day on.")
	if len(o.Environment) > 0 {
		steps = append(steps, "Set "+strings.Join(o.Environment, ", ")+" in the environment.")
	}
	for _, name := range o.Logins {
		steps = append(steps, command+" auth login "+name)
	}
	steps = append(steps, command+" validate --connect", command+" preview JOB, and plan JOB, of each: what is read, and how long it takes", command+" run --all", command+" serve")
	p.out.text("wrote %s: %s into %s\n\nWhat is left to do:\n", path, strings.Join(o.Sources, " and "), strings.Join(o.Sinks, " and "))
	for i, s := range steps {
		p.out.text("  %d. %s\n", i+1, s)
	}
	return nil
}

var (
	variable = regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*)\}`)
	example  = regexp.MustCompile(`(?m)^([a-z_]+) = "[^"$]+"`)
)

// variables returns the names of the environment that a configuration needs.
func variables(text string) []string {
	names := []string{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, m := range variable.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

// leftToDo is what a person has to do for a source.
type leftToDo struct {
	source   string
	examples []string // settings to write
	login    bool     // to be made
}

// unfinished finds it out from the sample of a driver; a word for each variable of the
// environment is enough for it.
func unfinished(d sources.Driver) (left leftToDo, err error) {
	text, _, _ := strings.Cut(d.Sample, "\n[jobs.")
	word := func(name string) (string, bool) { return name, true }
	cfg, err := config.Parse(d.Name, []byte(text), config.Drivers{Sources: []sources.Driver{d}}, word)
	if err != nil {
		return left, fmt.Errorf("read the sample of %s: %w", d.Name, err)
	}
	left.source = cfg.Sources[0].Name
	for _, m := range example.FindAllStringSubmatch(text, -1) {
		if m[1] != "driver" {
			left.examples = append(left.examples, m[1])
		}
	}
	left.login = loginOf(cfg.Sources[0])
	return left, nil
}

// loginOf reports whether a person logs in to a source, rather than keys that its
// settings have. Open looks at those alone.
func loginOf(s *config.Source) bool {
	src, err := s.Driver.Open(sources.Deps{Name: s.Name}, s.Settings, s.Driver.Kinds[0].Options())
	if err != nil {
		return false // a run says why
	}
	if c, ok := src.(io.Closer); ok {
		defer func() { _ = c.Close() }() // nothing was asked
	}
	l, ok := src.(sources.Login)
	return ok && l.LoginURL("") != ""
}
