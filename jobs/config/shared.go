package config

import (
	"slices"
	"strings"
)

// shareTables reports jobs that fill one table of one place in unlike ways, and
// a table that is where another job's rejected rows go.
func (l *loader) shareTables(jobs []*job) {
	type place struct{ target, table string }
	first := map[place]*job{}
	for _, j := range jobs {
		at := j.key + ".table"
		for _, s := range j.sinks {
			if s.target == "" {
				continue
			}
			other, shared := first[place{s.target, j.Table}]
			if !shared {
				first[place{s.target, j.Table}] = j
			} else if differ := j.unlike(other); len(differ) > 0 && !l.has(at) {
				l.add(at, "%s fills table %q of sink %s too, but with another %s; jobs share a table only if driver, stream, write mode and sinks agree: write another table",
					other.key, j.Table, s.Name, strings.Join(differ, " and another "))
			}
		}
	}
	for _, j := range jobs {
		for _, s := range j.sinks {
			base, rejects := strings.CutSuffix(j.Table, "_rejects")
			if other := first[place{s.target, base}]; rejects && s.target != "" && other != nil && !l.has(j.key+".table") {
				l.add(j.key+".table", "%q takes the rejected rows of %s; write another table", j.Table, other.key)
			}
		}
	}
}

// unlike lists what keeps two jobs from sharing a table.
func (j *job) unlike(other *job) []string {
	var differ []string
	if j.source != nil && other.source != nil && j.source.Driver.Name != other.source.Driver.Name {
		differ = append(differ, "driver")
	}
	if j.streams && other.streams && j.Kind.Name != other.Kind.Name {
		differ = append(differ, "stream")
	}
	if j.Write != other.Write {
		differ = append(differ, "write mode")
	}
	if !slices.Equal(j.targets(), other.targets()) {
		differ = append(differ, "list of sinks")
	}
	return differ
}

func (j *job) targets() []string {
	var targets []string
	for _, s := range j.sinks {
		targets = append(targets, s.target)
	}
	slices.Sort(targets)
	return targets
}
