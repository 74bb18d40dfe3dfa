package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"exporter/jobs/plan"
	"exporter/settings"
)

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

const exampleSchedule = "write five fields (minute hour day month weekday) such as \"30 3 * * *\", or \"@daily\", or \"@every 1h\""

// ParseSchedule reads a schedule, and its zone where it starts with CRON_TZ= or
// TZ=. The zone is taken off here because the parser of the library panics on a
// prefix with nothing behind it and takes the machine's zone without one.
func ParseSchedule(text string, in *time.Location) (cron.Schedule, *time.Location, error) {
	spec := strings.TrimSpace(text)
	for _, prefix := range []string{"CRON_TZ=", "TZ="} {
		rest, ok := strings.CutPrefix(spec, prefix)
		if !ok {
			continue
		}
		name, fields, _ := strings.Cut(rest, " ")
		var z zone
		if err := z.UnmarshalText([]byte(name)); err != nil {
			return nil, nil, err
		}
		spec, in = strings.TrimSpace(fields), z.Location
	}
	if every, ok := strings.CutPrefix(spec, "@every "); ok {
		schedule, err := parseEvery(strings.TrimSpace(every))
		return schedule, in, err
	}
	schedule, err := cronParser.Parse(spec)
	if err != nil {
		return nil, nil, badSchedule(text, err)
	}
	fields, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return nil, nil, badSchedule(text, errors.New("it has no fields"))
	}
	fields.Location = time.UTC
	// A lone comma is a field without values. Next gives up after five years, which
	// contain a 29th of February.
	empty := fields.Minute == 0 || fields.Hour == 0 || fields.Dom == 0 || fields.Month == 0 || fields.Dow == 0
	if empty || fields.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, nil, badSchedule(text, errors.New("no date has these fields, it would never fire"))
	}
	if fields.Hour&everyHour != 0 {
		fields.Location = in
		return fields, in, nil
	}
	return wallClock{fields, in}, in, nil
}

// everyHour is the library's mark of a field that is a star.
const everyHour = 1 << 63

// wallClock fires at readings of a zone's wall clock: at one that a change of the
// clock skips when the clock changes, at one that comes twice the first time.
type wallClock struct {
	fields *cron.SpecSchedule // in UTC, which stands for the wall clock
	zone   *time.Location
}

// Next implements cron.Schedule.
func (w wallClock) Next(after time.Time) time.Time {
	_, offset := after.In(w.zone).Zone()
	reading := after.UTC().Add(time.Duration(offset) * time.Second)
	for {
		if reading = w.fields.Next(reading); reading.IsZero() {
			return reading
		}
		if at := plan.FirstInstant(reading, w.zone); at.After(after) {
			return at.In(after.Location())
		}
	}
}

// parseEvery reads our durations ("1d") and those of Go ("1h30m").
func parseEvery(text string) (cron.Schedule, error) {
	every, err := time.ParseDuration(text)
	if err != nil {
		d, err := settings.ParseDuration(text)
		if err != nil || d.Unit == settings.Month || overflows(d) {
			return nil, fmt.Errorf("%q is not a time to wait between firings; write \"@every 1h\" or \"@every 1d\"", text)
		}
		every = d.Std()
	}
	if every < time.Second {
		return nil, fmt.Errorf("%q is too short; write at least \"@every 1s\"", text)
	}
	return cron.Every(every), nil
}

func badSchedule(text string, cause error) error {
	why, _, _ := strings.Cut(cause.Error(), ": [") // the list of fields repeats the text,
	why, _, _ = strings.Cut(why, ": strconv")      // and this names a function
	return fmt.Errorf("%q is not a schedule: %s; %s", text, why, exampleSchedule)
}
