package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"exporter/settings"
	"exporter/sinks"
)

type jobTable struct {
	Source       string            `toml:"source"`
	Stream       string            `toml:"stream"`
	Sinks        []string          `toml:"sinks"`
	Schedule     string            `toml:"schedule"`
	Table        string            `toml:"table"`
	Timezone     zone              `toml:"timezone"`
	DataTimezone zone              `toml:"data_timezone"`
	Interval     string            `toml:"interval"`
	Lookback     lookback          `toml:"lookback"`
	Heal         int               `toml:"heal"`
	Start        string            `toml:"start"`
	Settle       settings.Duration `toml:"settle"`
	Open         bool              `toml:"open"`
	Write        string            `toml:"write"`
	Absent       string            `toml:"absent"`
	Empty        string            `toml:"empty"`
	Schema       string            `toml:"schema"`
	RenamedFrom  []string          `toml:"renamed_from"`
	Missed       string            `toml:"missed"`
	Overlap      string            `toml:"overlap"`
	Timeout      settings.Duration `toml:"timeout"`
	Deadline     string            `toml:"deadline"`
	Priority     string            `toml:"priority"`
	PingURL      settings.Secret   `toml:"ping_url"`
	Options      map[string]any    `toml:"options"`
	Columns      map[string]any    `toml:"columns"`
	Checks       checksTable       `toml:"checks"`
}

// job is a job on its way to a [Job].
type job struct {
	*Job
	key     string
	table   map[string]any // interpolated
	source  *source        // nil if it was reported
	sinks   []*sink        // those that are known
	streams bool           // Kind is known
}

func (l *loader) job(key, name string, raw map[string]any) *job {
	raw = l.interpolate(key, raw)
	t := jobTable{
		Interval: "1d", Write: string(sinks.Replace), Empty: "keep", Schema: "extend", Missed: "run", Overlap: "skip",
		Timeout: settings.Duration{N: 4, Unit: settings.Hour}, Priority: "scheduled", Checks: checksTable{MaxDrop: -1},
		Table: tableOf(name), Absent: "mark",
	}
	l.decode(key, raw, &t)
	j := &job{key: key, table: raw, Job: &Job{
		Name: name, Table: t.Table, Open: t.Open, Write: sinks.Mode(t.Write), Empty: t.Empty,
		Missed: t.Missed, Overlap: t.Overlap, Timeout: t.Timeout.Std(), Priority: t.Priority,
		Absent: t.Absent, Freeze: t.Schema == "freeze", PingURL: t.PingURL,
	}}
	l.jobSource(j, t)
	l.jobSinks(j, t)
	l.zones(j, t)
	l.schedule(j, t)
	l.deadline(j, t)
	l.intervals(j, t)
	l.jobChoices(j, t)
	l.options(j)
	l.columns(j)
	l.checks(j, t.Checks)
	l.renamed(j, t.RenamedFrom)
	l.pingURL(j)
	return j
}

// jobSource finds the source and what its driver knows of the stream.
func (l *loader) jobSource(j *job, t jobTable) {
	names := l.names("sources")
	l.required(j.key, j.table, "source", "source = "+placeholder(names))
	l.required(j.key, j.table, "stream", "stream = \"NAME\", see the streams of the source")
	if t.Source == "" || l.has(j.key+".source") {
		return
	}
	s, declared := l.sources[t.Source]
	if !declared {
		l.add(j.key+".source", "there is no [sources.%s]; %s", t.Source, choices(t.Source, names))
	}
	if s == nil {
		return
	}
	j.source, j.Source = s, s.Source
	if l.has(j.key + ".stream") {
		return
	}
	streams := make([]string, len(s.Driver.Kinds))
	for i, k := range s.Driver.Kinds {
		streams[i] = k.Name
	}
	j.Kind, j.streams = s.Driver.Kind(t.Stream)
	if !j.streams {
		l.add(j.key+".stream", "driver %s has no stream %q; %s", s.Driver.Name, t.Stream, choices(t.Stream, streams))
	}
}

// jobSinks finds the sinks and whether they can write as the job wants.
func (l *loader) jobSinks(j *job, t jobTable) {
	names := l.names("sinks")
	l.required(j.key, j.table, "sinks", "sinks = [ ] with "+placeholder(names))
	if len(t.Sinks) == 0 && !l.has(j.key+".sinks") {
		l.add(j.key+".sinks", "names no sink; write [ ] with %s", placeholder(names))
	}
	targets := map[string]string{}
	for i, name := range t.Sinks {
		at := index(j.key+".sinks", i)
		s, declared := l.sinks[name]
		switch {
		case l.has(at):
		case !declared:
			l.add(at, "there is no [sinks.%s]; %s", name, choices(name, names))
		case slices.Contains(t.Sinks[:i], name):
			l.add(at, "%s is there twice; take one out", name)
		case s == nil: // reported where it stands
		case s.target != "" && targets[s.target] != "":
			l.add(at, "%s and %s are the same place; take one out", targets[s.target], name)
		default:
			targets[s.target] = name
			j.sinks, j.Sinks = append(j.sinks, s), append(j.Sinks, s.Sink)
		}
	}
	l.mode(j)
}

// mode reports a write mode that a sink of the job does not have.
func (l *loader) mode(j *job) {
	at := j.key + ".write"
	if l.has(at) {
		return
	}
	if _, set := j.table["write"]; !set && j.streams && !j.Kind.Windowed {
		j.Write = sinks.Snapshot
	}
	l.oneOf(at, string(j.Write), "replace", "merge", "append", "snapshot")
	if j.streams && j.Kind.Windowed && j.Write == sinks.Snapshot {
		l.add(at, "stream %s has data intervals, a snapshot is for streams of the current state; write \"replace\"", j.Kind.Name)
	}
	if j.streams && !j.Kind.Windowed && j.Write == sinks.Append {
		l.add(at, "stream %s is the current state, which \"append\" would load once and never again; write \"snapshot\"", j.Kind.Name)
	}
	if j.Absent == sinks.AbsentDrop && j.Write != sinks.Snapshot {
		l.add(j.key+".absent", "drop is for write = \"snapshot\"; take the line out")
	}
	reported := map[string]bool{}
	for _, s := range j.sinks {
		if l.has(at) || slices.Contains(s.Driver.Modes, j.Write) || reported[s.Driver.Name] {
			continue
		}
		reported[s.Driver.Name] = true
		modes := make([]string, len(s.Driver.Modes))
		for i, m := range s.Driver.Modes {
			modes[i] = string(m)
		}
		l.add(at, "%s is not supported by this version's %s sink; supported: %s", j.Write, s.Driver.Name, strings.Join(modes, ", "))
	}
}

// names lists the tables of a section in file order.
func (l *loader) names(section string) []string {
	var names []string
	if section == "sinks" {
		for name := range l.sinks {
			names = append(names, name)
		}
	} else {
		for name := range l.sources {
			names = append(names, name)
		}
	}
	return l.doc.ordered(section, names)
}

// tableOf is the table of a job that names none.
func tableOf(job string) string { return strings.ReplaceAll(job, "-", "_") }

var tableName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,54}$`)

// jobChoices checks the keys that take one of a few words, and names.
func (l *loader) jobChoices(j *job, t jobTable) {
	for _, c := range []struct {
		key, value string
		allowed    []string
	}{
		{"empty", t.Empty, []string{"keep", "replace"}},
		{"absent", t.Absent, []string{"mark", sinks.AbsentDrop}},
		{"schema", t.Schema, []string{"extend", "freeze"}},
		{"missed", t.Missed, []string{"run", "skip"}},
		{"overlap", t.Overlap, []string{"skip", "queue"}},
		{"priority", t.Priority, []string{"scheduled", "backfill"}},
	} {
		if !l.has(j.key + "." + c.key) {
			l.oneOf(j.key+"."+c.key, c.value, c.allowed...)
		}
	}
	_, set := j.table["table"]
	if !tableName.MatchString(t.Table) && !l.has(j.key+".table") && (set || identifier.MatchString(j.Name)) {
		// 63 bytes of Postgres less "_rejects".
		l.add(j.key+".table", "%q cannot be the name of a table; write lower case letters, digits and _, at most 55, the first a letter", t.Table)
	}
	if t.Timeout.IsZero() && !l.has(j.key+".timeout") {
		l.add(j.key+".timeout", "must be more than nothing; write a duration such as \"4h\"")
	}
}

// options decodes what the source reads of the job.
func (l *loader) options(j *job) {
	at := j.key + ".options"
	table, _ := j.table["options"].(map[string]any)
	if !j.streams {
		return
	}
	if j.Kind.Options == nil {
		for _, k := range sortedKeys(table) {
			l.add(join(at, k), "stream %s takes no options; take the line out", j.Kind.Name)
		}
		return
	}
	j.Options = j.Kind.Options()
	l.decode(at, table, j.Options)
	l.problems(at, j.Options.Validate())
}

// hashID tells two hash keys apart without telling anything about them that the
// hashed columns do not.
func hashID(key settings.Secret) string {
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	h.Write([]byte("exporter hash_key"))
	return hex.EncodeToString(h.Sum(nil)[:8])
}
