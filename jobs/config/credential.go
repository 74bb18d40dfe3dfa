package config

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"exporter/ratelimit"
)

// shareCredentials reports sources that share a credential but not what belongs
// to it: a token is one driver's, and limits hold for all its sources together.
func (l *loader) shareCredentials() {
	first := map[string]*source{}
	for _, s := range l.cfg.Sources {
		s := l.sources[s.Name]
		if !s.valid {
			continue
		}
		other, shared := first[s.Credential]
		if !shared {
			first[s.Credential] = s
			continue
		}
		if s.Driver.Name != other.Driver.Name {
			l.add(s.key+".credential", "is also the credential of %s, which has another driver (%s); write another name", other.key, other.Driver.Name)
			continue
		}
		for _, d := range differences(other.Limits, s.Limits) {
			l.add(s.key+"."+d.name, "%s shares the credential %q but states %s where this source has %s; write the same in both, or give this one a credential of its own",
				other.key, s.Credential, d.a, d.b)
		}
	}
}

type difference struct{ name, a, b string }

// differences compares limits as they are written in the file.
func differences(a, b ratelimit.Limits) []difference {
	all := []difference{
		{"limits", windows(a.Windows), windows(b.Windows)},
		{"concurrency", count(a.Concurrency), count(b.Concurrency)},
		{"max_wait", cmp.Or(a.MaxWait, ratelimit.DefaultMaxWait).String(), cmp.Or(b.MaxWait, ratelimit.DefaultMaxWait).String()},
	}
	classes := slices.Sorted(maps.Keys(a.Classes))
	for class := range b.Classes {
		classes = append(classes, class)
	}
	slices.Sort(classes)
	for _, class := range slices.Compact(classes) {
		all = append(all, difference{join("classes", class), windows(a.Classes[class]), windows(b.Classes[class])})
	}
	return slices.DeleteFunc(all, func(d difference) bool { return d.a == d.b })
}

func count(n int) string {
	if n == 0 {
		return "any number"
	}
	return strconv.Itoa(n)
}

func windows(list []ratelimit.Window) string {
	if len(list) == 0 {
		return "none"
	}
	texts := make([]string, len(list))
	for i, w := range list {
		texts[i] = w.String()
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " and ")
}
