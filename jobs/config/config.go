package config

import (
	"time"

	"github.com/robfig/cron/v3"

	"exporter/jobs/plan"
	"exporter/ratelimit"
	"exporter/record"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sources"
)

// Drivers are the adapters a configuration may name.
type Drivers struct {
	Sources []sources.Driver
	Sinks   []sinks.Driver
}

// Config is a checked configuration. Its lists have the order of the file.
type Config struct {
	Path     string // as it was given to Load
	Dir      string // absolute folder of the file, where relative paths start
	Exporter Exporter
	Sources  []*Source
	Sinks    []*Sink
	Jobs     []*Job
	Warnings []Issue // worth a look, in file order; nothing is refused for them
}

// Exporter is the [exporter] table.
type Exporter struct {
	Zone        *time.Location  // of schedules, unless a job has its own
	State       string          // absolute path of the SQLite file
	Spool       string          // absolute path of the folder
	SpoolMax    int64           // bytes; extraction parks when the spool holds more
	Key         settings.Secret // encrypts stored tokens; "" = a key file beside the state
	HashKey     settings.Secret // of columns that are hashed; "" only if there are none
	Listen      string          // loopback host:port of health, metrics and status page; "" = off
	ListenHosts []string        // names it may be asked for besides those of loopback
	Concurrency int             // slices at work at once
}

// Source is one [sources.NAME] table.
type Source struct {
	Name       string
	Driver     sources.Driver
	Settings   sources.Config
	Credential string           // what limits and tokens belong to
	Limits     ratelimit.Limits // the driver's defaults with the table's own over them
}

// Sink is one [sinks.NAME] table.
type Sink struct {
	Name     string
	Driver   sinks.Driver
	Settings sinks.Config
}

// Job is one [jobs.NAME] table with every default filled in.
type Job struct {
	Name string
	// RenamedFrom are the names it had before: what was loaded under them is its own.
	RenamedFrom []string
	Source      *Source
	Kind        sources.Kind // of the stream
	Options     sources.Options
	Sinks       []*Sink
	Table       string // a stream that fills several tables puts it before their names

	Schedule string // as written
	// Cron is a cron.ConstantDelaySchedule for @every; else it fires at readings of
	// Zone's wall clock, also where the clock changes.
	Cron     cron.Schedule
	Zone     *time.Location // of the schedule
	DataZone *time.Location // where the bounds of data intervals are midnights

	Interval settings.Duration // of a slice; zero for streams without intervals
	Lookback settings.Duration // at least Interval; with tiers the span of the longest
	Tiers    []plan.Tier       // how often which part of the lookback is exported again; none = with every firing
	Heal     int               // intervals before the lookback that one firing exports because they are not complete
	Start    time.Time         // first midnight in DataZone the job owes; zero = none
	Settle   time.Duration     // an interval is closed this long after its end
	Open     bool              // the running interval is loaded too

	Write    sinks.Mode
	Freeze   bool            // no column is added to a table that is there
	Empty    string          // "keep" or "replace"
	Absent   string          // of a snapshot: rows no longer there are marked ("mark") or removed ("drop")
	Missed   string          // "run" or "skip"
	Overlap  string          // "skip" or "queue"
	Priority string          // "scheduled" or "backfill"
	Timeout  time.Duration   // of a run
	Deadline string          // by which time of Zone's day a firing has to have succeeded, as written; "" = none
	PingURL  settings.Secret // told how runs begin and end; "" = nobody is

	Columns []ColumnRule // in file order
	Checks  Checks

	hashID string // tells hash keys apart where a column is hashed
}

// The actions of a [ColumnRule].
const (
	ActionType = "type"
	ActionDrop = "drop"
	ActionHash = "hash"
)

// ColumnRule is one line of [jobs.NAME.columns].
type ColumnRule struct {
	Name   string
	Action string
	Type   record.Type // for ActionType
}

// Checks is the [jobs.NAME.checks] table.
type Checks struct {
	MinRows    int64   // fewer rows fail the slice
	MaxDrop    float64 // 0..1 of the slice's last load; negative = not checked
	MaxRejects int64   // more rejects fail the slice

	// Of the slice's rows. A column is of the stream's first table, or written as
	// TABLE.COLUMN, the table as the stream calls it. Which there are is known only
	// once the source was asked.
	NotNull  []string
	Unique   [][]string // no two rows of the slice have all of these in common
	Accepted []Accepted // in file order
}

// Accepted is the values a column may have.
type Accepted struct {
	Column string
	Values []string // as text, of any type
}

// Source returns the named source, nil if there is none.
func (c *Config) Source(name string) *Source {
	return find(c.Sources, func(s *Source) bool { return s.Name == name })
}

// Sink returns the named sink, nil if there is none.
func (c *Config) Sink(name string) *Sink {
	return find(c.Sinks, func(s *Sink) bool { return s.Name == name })
}

// Job returns the named job, nil if there is none.
func (c *Config) Job(name string) *Job {
	return find(c.Jobs, func(j *Job) bool { return j.Name == name })
}

func find[T any](list []*T, match func(*T) bool) *T {
	for _, v := range list {
		if match(v) {
			return v
		}
	}
	return nil
}
