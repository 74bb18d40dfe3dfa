package config_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"exporter/jobs/config"
	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/postgres"
	"exporter/sinks/sqlite"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/hubrise"
	"exporter/sources/owapro"
	"exporter/sources/piwikpro"
)

const exampleFile = "../../jobs.example.toml"

// shipped are the adapters of this version, as in cmd/exporter.
func shipped() config.Drivers {
	return config.Drivers{
		Sources: []sources.Driver{hasoffers.Driver(), hubrise.Driver(), owapro.Driver(), piwikpro.Driver()},
		Sinks:   []sinks.Driver{postgres.Driver(), sqlite.Driver(), lake.GCS(), lake.Files()},
	}
}

// exampleEnv has a value for every variable that somebody may have to set.
func exampleEnv(name string) (string, bool) {
	if strings.HasSuffix(name, "_DSN") {
		return "postgres://loader:secret@localhost:5432/warehouse", true
	}
	return "value-of-" + strings.ToLower(name), true
}

func TestExampleFile(t *testing.T) {
	compare(t, exampleFile, config.Example(shipped()))
	cfg, err := config.Load(exampleFile, shipped(), exampleEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Jobs) == 0 || len(cfg.Warnings) != 0 {
		t.Errorf("%d jobs, warnings %v", len(cfg.Jobs), cfg.Warnings)
	}
}

func TestExampleShowsEveryKey(t *testing.T) {
	example := config.Example(shipped())
	for table, keys := range config.KnownKeys(shipped()) {
		for _, key := range keys {
			shown := regexp.MustCompile(`(?m)^(# ?)?` + key + ` *=|^(# ?)?\[[^\]]*\.` + key + `\]`)
			if !shown.MatchString(example) {
				t.Errorf("key %s of %s is not in the example", key, table)
			}
		}
	}
}

var commented = regexp.MustCompile(`(?m)^# ((?:\[+[\w.-]+\]+|[a-z_]+ = ).*)$`)

// What the loader's own comments show as keys must be accepted as they stand.
func TestExampleCommentsAreValid(t *testing.T) {
	head := commented.ReplaceAllString(config.SampleHead, "$1")
	head, _, _ = strings.Cut(head, "# Keys of every source")
	head = strings.Replace(head, "${file:exporter.key}", "${EXPORTER_KEY}", 1)
	jobs := commented.ReplaceAllString(config.SampleJobs, "$1")
	text := head + samples() + jobs
	cfg, err := config.Parse(exampleFile, []byte(text), shipped(), exampleEnv)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	job := cfg.Job("every-key")
	if job == nil || len(job.Columns) != 3 || job.Checks.MaxDrop != 0.5 {
		t.Errorf("got %+v", job)
	}
}

func samples() string {
	var b strings.Builder
	for _, d := range shipped().Sources {
		b.WriteString(d.Sample + "\n")
	}
	for _, d := range shipped().Sinks {
		b.WriteString(d.Sample + "\n")
	}
	return b.String()
}

// The defaults that the comments state are the defaults.
func TestExampleStatesDefaults(t *testing.T) {
	explicit := commented.ReplaceAllString(config.SampleHead, "$1")
	explicit, _, _ = strings.Cut(explicit, "# Keys of every source")
	explicit = regexp.MustCompile(`(?m)^((hash_)?key|listen_hosts) = .*\n`).ReplaceAllString(explicit, "")
	stated, err := config.Parse(exampleFile, []byte(explicit), shipped(), exampleEnv)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := config.Parse(exampleFile, nil, shipped(), exampleEnv)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(stated.Exporter, empty.Exporter) {
		t.Errorf("stated %+v, actual %+v", stated.Exporter, empty.Exporter)
	}
}
