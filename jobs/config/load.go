package config

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"exporter/fault"
)

// loader builds one Config; its embedded report takes what is wrong.
type loader struct {
	*expander
	drivers Drivers
	cfg     *Config
	// What the file declares, bad ones included, so that a job which uses a bad
	// source is not told that there is no such source. Nil means bad.
	sources map[string]*source
	sinks   map[string]*sink
}

// Load reads and checks a configuration file. The error has class fault.Config
// and lists everything that is wrong, see [Errors]. The function env is
// os.LookupEnv outside of tests. Time zones come from the system; a program that
// must do without imports time/tzdata.
func Load(path string, drivers Drivers, env func(string) (string, bool)) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Config, "read configuration %s: %w", path, bare(err)).
			WithHint("Name the file with --config, or write one first.")
	}
	return Parse(path, data, drivers, env)
}

// Parse is Load for a file whose content is known; path names it in messages
// and its folder is where relative paths start.
func Parse(path string, data []byte, drivers Drivers, env func(string) (string, bool)) (*Config, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fault.New(fault.Config, "folder of configuration %s: %w", path, err)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	r := &report{file: path, doc: scan(data)}
	for _, d := range r.doc.duplicates {
		r.issues = append(r.issues, Issue{
			File: path, Line: d.at.line, Col: d.at.col, Key: d.key,
			Text: duplicateText(d.first.line),
		})
	}
	var file map[string]any
	if err := toml.Unmarshal(r.doc.once(), &file); err != nil {
		r.issues = append(r.issues, syntaxIssue(path, data, err, plainKeys(drivers)))
		return nil, r.err()
	}
	l := &loader{
		expander: &expander{report: r, dir: dir, env: env}, drivers: drivers,
		cfg:     &Config{Path: path, Dir: dir},
		sources: map[string]*source{}, sinks: map[string]*sink{},
	}
	l.load(file)
	if err := r.err(); err != nil {
		return nil, err
	}
	l.cfg.Warnings = r.sorted(r.warnings)
	return l.cfg, nil
}

func (l *loader) load(file map[string]any) {
	known := []string{"exporter", "sources", "sinks", "jobs"}
	for _, k := range sortedKeys(file) {
		if !slices.Contains(known, k) {
			l.unknown(join("", k), k, known)
		}
	}
	l.exporter(file["exporter"])
	l.each("sources", file["sources"], l.source)
	l.each("sinks", file["sinks"], l.sink)
	l.shareCredentials()
	var jobs []*job
	l.each("jobs", file["jobs"], func(key, name string, table map[string]any) {
		jobs = append(jobs, l.job(key, name, table))
	})
	l.shareTables(jobs)
	l.shareNames(jobs)
	for _, j := range jobs {
		l.cfg.Jobs = append(l.cfg.Jobs, j.Job)
	}
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// each calls f for every named table of a section, in file order.
func (l *loader) each(section string, raw any, f func(key, name string, table map[string]any)) {
	if raw == nil {
		return
	}
	all, ok := l.table(section, raw)
	if !ok {
		return
	}
	for _, name := range l.doc.ordered(section, slices.Collect(maps.Keys(all))) {
		key := join(section, name)
		if !identifier.MatchString(name) {
			l.add(key, "%q cannot be a name; write lower case letters, digits, _ and -, at most 63, the first a letter", name)
		}
		if table, ok := l.table(key, all[name]); ok {
			f(key, name, table)
		}
	}
}

// required reports keys a table lacks, with what to write.
func (l *loader) required(key string, table map[string]any, name, write string) {
	if _, ok := table[name]; !ok {
		l.add(join(key, name), "missing; write %s", write)
	}
}

func syntaxIssue(path string, data []byte, err error, plain map[string]bool) Issue {
	issue := Issue{File: path, Line: 1, Col: 1, Text: "TOML: " + err.Error()}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		issue.Line, issue.Col = at.Position()
		issue.Text = syntaxText(data, issue.Line, issue.Col, at.Error(), plain)
	}
	return issue
}
