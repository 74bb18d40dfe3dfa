package config

import "slices"

// renamed reads renamed_from. A job that was renamed has rows in a table, so it must
// say which: the table that the name gives now is another one.
func (l *loader) renamed(j *job, names []string) {
	at := j.key + ".renamed_from"
	if _, set := j.table["renamed_from"]; !set || l.has(at) {
		return
	}
	if len(names) == 0 {
		l.add(at, "names no job; write the job's old name in it, or take the line out")
		return
	}
	for i, name := range names {
		switch at := index(at, i); {
		case l.has(at):
		case !identifier.MatchString(name):
			l.add(at, "%q cannot be the name of a job; write the name that stood in [jobs.NAME]", name)
		case name == j.Name:
			l.add(at, "is the job itself; take it out")
		case slices.Contains(names[:i], name):
			l.add(at, "%s is there twice; take one out", name)
		}
	}
	j.RenamedFrom = names
	if _, set := j.table["table"]; !set {
		l.add(at, "the job must name the table that its rows are in; write table = %q, or the one the old job had", tableOf(names[0]))
	}
}

// shareNames reports old names that some job has still, or that two jobs claim.
func (l *loader) shareNames(jobs []*job) {
	first := map[string]*job{}
	for _, j := range jobs {
		for i, name := range j.RenamedFrom {
			at := index(j.key+".renamed_from", i)
			if l.has(at) {
				continue
			}
			if k := slices.IndexFunc(jobs, func(o *job) bool { return o.Name == name }); k >= 0 {
				l.add(at, "%s is a job of this file still, and its slices are its own; take it out of one place", jobs[k].key)
			} else if other := first[name]; other != nil {
				l.add(at, "%s has been renamed from %s too, and its slices belong to one job; take it out of one place", other.key, name)
			} else {
				first[name] = j
			}
		}
	}
}
