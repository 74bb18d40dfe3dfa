package config

import (
	"fmt"
	"strings"
	"time"

	"exporter/jobs/plan"
	"exporter/settings"
	"exporter/sinks"
)

// lookback is "30d", or a list of tiers such as "7d daily".
type lookback []string

// tierWords are how often a tier is exported again.
var tierWords = map[string]time.Duration{
	"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour, "monthly": 30 * 24 * time.Hour,
}

const exampleTiers = `write a span and hourly, daily, weekly or monthly, such as ["2d hourly", "7d daily", "90d weekly"]`

// lookback settles which intervals a firing exports again. Months count as 30 days
// here: the shortest a person means by one.
func (l *loader) lookback(j *job, t jobTable) {
	at := j.key + ".lookback"
	if j.Interval.IsZero() || l.has(at) {
		return
	}
	raw, set := j.table["lookback"]
	if !set {
		if j.Write != sinks.Append && j.Kind.Lookback.Std() > j.Interval.Std() {
			j.Lookback = j.Kind.Lookback
		}
		return
	}
	span := l.tiers(j, t, raw)
	switch {
	case span.IsZero() && l.has(at):
	case span.Std() < j.Interval.Std():
		l.add(at, "%s is shorter than the interval of %s; write at least %s, or take the line out", span, j.Interval, j.Interval)
	case j.Write == sinks.Append && span.Std() > j.Interval.Std():
		l.add(at, "write = \"append\" loads a slice at most once, and a lookback longer than the interval would load it again; take the line out, or write = \"replace\"")
	default:
		j.Lookback = span
	}
}

// tiers reads the lookback in either form and returns its whole span.
func (l *loader) tiers(j *job, t jobTable, raw any) (span settings.Duration) {
	at := j.key + ".lookback"
	if _, list := raw.([]any); !list {
		span, _, err := l.tier(strings.Join(t.Lookback, ""), false)
		if err != nil {
			l.add(at, "%v", err)
		}
		return span
	}
	if len(t.Lookback) == 0 {
		l.add(at, "has no tier; %s", exampleTiers)
	}
	var often time.Duration
	for i, text := range t.Lookback {
		at := index(at, i)
		s, every, err := l.tier(text, true)
		switch {
		case l.has(at): // no text
		case err != nil:
			l.add(at, "%v", err)
		case s.Std() <= 0:
			l.add(at, "%q reaches back over nothing; %s", text, exampleTiers)
		case s.Std() <= span.Std():
			l.add(at, "%q reaches no further back than the tier before it; write the shorter span first", text)
		case every <= often:
			l.add(at, "%q is not exported more rarely than the tier before it, which is younger; put the two into one", text)
		case j.Write == sinks.Append:
			l.add(at, "write = \"append\" loads a slice at most once, and tiers would load it again; take the line out, or write = \"replace\"")
		default:
			j.Tiers = append(j.Tiers, plan.Tier{Span: s, Every: every})
		}
		span, often = s, every
	}
	return span
}

// tier reads "7d daily", or "7d" where no word belongs.
func (l *loader) tier(text string, word bool) (span settings.Duration, every time.Duration, err error) {
	fields := []string{text}
	if word {
		if fields = strings.Fields(text); len(fields) != 2 || tierWords[fields[1]] == 0 {
			return span, 0, fmt.Errorf("%q is no tier; %s", text, exampleTiers)
		}
		every = tierWords[fields[1]]
	}
	span, err = settings.ParseDuration(fields[0])
	switch {
	case err != nil && !word && tierWords[text[strings.LastIndex(text, " ")+1:]] > 0:
		err = fmt.Errorf("%q: tiers stand in [ ]; %s", text, exampleTiers)
	case err == nil && overflows(span):
		err = fmt.Errorf("%s is longer than 292 years; write something shorter", span)
	}
	if err != nil {
		return settings.Duration{}, 0, err
	}
	return span, every, nil
}

// healDays is how many days of gaps one firing closes if nothing is said.
const healDays = 31

// heal settles how many gaps a firing closes.
func (l *loader) heal(j *job, t jobTable) {
	at := j.key + ".heal"
	if j.Interval.IsZero() || l.has(at) {
		return
	}
	if j.Heal = max(healDays, int(healDays*24*time.Hour/j.Interval.Std())); j.table["heal"] == nil {
		return
	}
	if j.Heal = t.Heal; t.Heal < 1 {
		l.add(at, "%d closes no gap; write how many missing intervals one firing exports, such as 31, or take the line out", t.Heal)
	}
}
