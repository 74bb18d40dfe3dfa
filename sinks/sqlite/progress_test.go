package sqlite_test

import (
	"testing"

	"exporter/sinks/sinktest"
	"exporter/sinks/sqlite"
)

// differences compares progress with what a count of all slices gives.
var differences = `WITH counted AS (` + sqlite.Counted + `)
	SELECT coalesce(group_concat(job || part || table_name || starts_at || ' ' || complete_through || ' ' || last_load || ' ' || last_check || ' ' || rows, '; '), '') FROM (
	SELECT * FROM (SELECT * FROM exporter_progress EXCEPT SELECT * FROM counted)
	UNION ALL SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM exporter_progress))`

func TestProgress(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	tell := func(query string) func() string { return func() string { return ask(t, db, query) } }
	sinktest.Progress{
		Sink: sink, Shape: facts, Differences: tell(differences),
		Jobs: tell("SELECT group_concat(DISTINCT job) FROM (SELECT job FROM exporter_progress UNION ALL SELECT job FROM exporter_runs UNION ALL SELECT job FROM exporter_restatements)"),
		Drop: func() { execute(t, db, "DROP TABLE facts") },
		Kept: tell("SELECT count(*) FROM exporter_progress WHERE table_name = 'facts'"),
	}.Run(t)
}
