CREATE TABLE runs (
	table_schema     text        NOT NULL,
	id               text        NOT NULL,
	job              text        NOT NULL,
	trigger          text        NOT NULL,
	state            text        NOT NULL,
	started_at       timestamptz NOT NULL,
	finished_at      timestamptz,
	slices_committed bigint      NOT NULL DEFAULT 0,
	slices_unchanged bigint,
	slices_failed    bigint,
	slices_waiting   bigint,
	rows             bigint      NOT NULL DEFAULT 0,
	calls            bigint,
	error            text,
	PRIMARY KEY (table_schema, id)
);
CREATE INDEX ON runs (job, started_at);

COMMENT ON TABLE runs IS 'One row per run of a job and schema. It appears with the first slice the run commits, or when the run has ended.';
COMMENT ON COLUMN runs.table_schema IS 'The schema of the tables: sinks that share this ledger each have rows of their own.';
COMMENT ON COLUMN runs.id IS 'Identity of the run; the column run of slices and restatements. Sorts by time of request.';
COMMENT ON COLUMN runs.job IS 'The job.';
COMMENT ON COLUMN runs.trigger IS 'What caused the run: cli, schedule, backfill, retry, purge, quota (it is back), again (what failed is tried again after a while).';
COMMENT ON COLUMN runs.state IS 'running: at work; also if it ended while this database could not be reached, until the next run of the job has ended. succeeded: every slice committed or unchanged. partial: some. failed, parked (waits for quota), interrupted: none.';
COMMENT ON COLUMN runs.started_at IS 'When the run began.';
COMMENT ON COLUMN runs.finished_at IS 'When the run ended; null while it is running.';
COMMENT ON COLUMN runs.slices_committed IS 'Slices loaded; while the run is running, so far and into this schema.';
COMMENT ON COLUMN runs.slices_unchanged IS 'Slices read again and found as they were; null while the run is running.';
COMMENT ON COLUMN runs.slices_failed IS 'Slices that failed, failed a check or were interrupted; null while the run is running.';
COMMENT ON COLUMN runs.slices_waiting IS 'Slices that wait for quota; null while the run is running.';
COMMENT ON COLUMN runs.rows IS 'Rows of the slices that were loaded, of all their tables, rejects not counted.';
COMMENT ON COLUMN runs.calls IS 'Requests sent to the vendor; null while the run is running.';
COMMENT ON COLUMN runs.error IS 'The first failure; null if there was none.';

CREATE TABLE restatements (
	_slice          bigint      NOT NULL,
	table_schema    text        NOT NULL,
	table_name      text        NOT NULL,
	job             text        NOT NULL,
	part            text        NOT NULL,
	interval_start  timestamptz NOT NULL,
	interval_end    timestamptz NOT NULL,
	restated_at     timestamptz NOT NULL,
	run             text        NOT NULL,
	rows_before     bigint,
	rows_after      bigint,
	sums_before     jsonb,
	sums_after      jsonb,
	sums_difference jsonb,
	hash_before     text,
	hash_after      text,
	was_provisional boolean,
	redefined       boolean
);
CREATE INDEX ON restatements (job, restated_at);

COMMENT ON TABLE restatements IS 'One row each time that committed rows of a slice in a table were replaced by others, written in the transaction of the new ones. First loads, slices found unchanged and write = "append" restate nothing. Of write = "merge" what was delivered for the slice is compared: rows that are missing in the later delivery stay in the table. Of write = "snapshot" the current state as of one load with that as of the next.';
COMMENT ON COLUMN restatements._slice IS 'The slice; _slice of the table slices.';
COMMENT ON COLUMN restatements.table_schema IS 'The schema of the table.';
COMMENT ON COLUMN restatements.table_name IS 'The table.';
COMMENT ON COLUMN restatements.job IS 'The job that loads the slice.';
COMMENT ON COLUMN restatements.part IS 'The customer, site, location or network the slice is about; empty where the stream has none.';
COMMENT ON COLUMN restatements.interval_start IS 'Start of the data interval, inclusive; -infinity for a slice without an interval.';
COMMENT ON COLUMN restatements.interval_end IS 'End of the data interval, exclusive; infinity for a slice without an interval.';
COMMENT ON COLUMN restatements.restated_at IS 'When the new rows were loaded; equals loaded_at of the slice then, and _loaded_at of the rows.';
COMMENT ON COLUMN restatements.run IS 'The run that loaded the new rows.';
COMMENT ON COLUMN restatements.rows_before IS 'Rows that were replaced.';
COMMENT ON COLUMN restatements.rows_after IS 'Rows that replaced them; 0 also where the job does not fill the table any more.';
COMMENT ON COLUMN restatements.sums_before IS 'Exact sums of integer and numeric columns before: {"column": "decimal"}.';
COMMENT ON COLUMN restatements.sums_after IS 'Exact sums after.';
COMMENT ON COLUMN restatements.sums_difference IS 'Sums after less sums before, where they differ, of columns that both have: {"column": "decimal"}.';
COMMENT ON COLUMN restatements.hash_before IS 'Content hash before.';
COMMENT ON COLUMN restatements.hash_after IS 'Content hash after; null where the job does not fill the table any more.';
COMMENT ON COLUMN restatements.was_provisional IS 'True if the rows that were replaced were provisional: more were to be expected.';
COMMENT ON COLUMN restatements.redefined IS 'True if the job''s definition or the table''s columns changed too, so that the difference need not be the vendor''s.';

CREATE VIEW freshness AS
WITH there AS (
	SELECT n.nspname, c.relname
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
), loaded AS (
	SELECT s.table_schema, t.key AS table_name, s.job, s.part, s.interval_start, s.interval_end, s.provisional, s.loaded_at, s.checked_at,
		(t.value ->> 'rows')::bigint AS rows,
		lag(s.interval_end) OVER slice AS previous_end
	FROM slices s CROSS JOIN LATERAL jsonb_each(s.tables) t
	WHERE s.state = 'committed' AND NOT EXISTS (
		SELECT FROM jsonb_object_keys(s.tables) k
		WHERE NOT EXISTS (SELECT FROM there WHERE there.nspname = s.table_schema AND there.relname = k))
	WINDOW slice AS (PARTITION BY s.table_schema, t.key, s.job, s.part ORDER BY s.interval_start)
), chained AS (
	SELECT *, bool_and(NOT provisional AND coalesce(interval_start = previous_end, true))
		OVER (PARTITION BY table_schema, table_name, job, part ORDER BY interval_start) AS whole
	FROM loaded
), parts AS (
	SELECT table_schema, table_name, job, part,
		min(interval_start) AS first_start,
		CASE WHEN min(interval_start) = '-infinity' THEN min(checked_at)
			ELSE coalesce(max(interval_end) FILTER (WHERE whole), min(interval_start)) END AS through,
		min(interval_start) FILTER (WHERE provisional) AS provisional_from,
		max(loaded_at) AS last_load, max(checked_at) AS last_check, sum(rows)::bigint AS rows
	FROM chained
	GROUP BY table_schema, table_name, job, part
)
SELECT table_schema, table_name, job,
	min(through) AS complete_through,
	nullif(min(provisional_from), '-infinity') AS provisional_from,
	max(last_load) AS last_load,
	max(last_check) AS last_check,
	sum(rows)::bigint AS rows,
	nullif(min(first_start), '-infinity') AS starts_at,
	count(*) AS parts,
	(array_agg(part ORDER BY through, part))[1] AS oldest_part
FROM parts
GROUP BY table_schema, table_name, job;

COMMENT ON VIEW freshness IS 'How far each table is loaded, one row per table and job, from the ledger alone.';
COMMENT ON COLUMN freshness.table_schema IS 'The schema of the table.';
COMMENT ON COLUMN freshness.table_name IS 'The table.';
COMMENT ON COLUMN freshness.job IS 'The job that fills it.';
COMMENT ON COLUMN freshness.complete_through IS 'Everything before is there and final, of every part since its first slice: the end of the slices that follow each other without a gap and without a provisional one, of the part that is furthest behind. Equals the start of the first slice while nothing is final. Of a table of the current state (write = "snapshot"): as of when it is the state, of the part that was read longest ago.';
COMMENT ON COLUMN freshness.provisional_from IS 'Start of the first interval whose rows may still change because it was read before its end or its count would not settle; null if there is none.';
COMMENT ON COLUMN freshness.last_load IS 'When rows were last loaded.';
COMMENT ON COLUMN freshness.last_check IS 'When the vendor was last asked and a slice was found unchanged or was loaded.';
COMMENT ON COLUMN freshness.rows IS 'Rows of the committed slices, as they were loaded. Of write = "merge" a row that came with several slices counts for each; of "snapshot" rows that are no longer there do not count.';
COMMENT ON COLUMN freshness.starts_at IS 'Start of the first slice; null for a table of the current state.';
COMMENT ON COLUMN freshness.parts IS 'How many parts (customers, sites, locations, networks) have slices.';
COMMENT ON COLUMN freshness.oldest_part IS 'The part that is furthest behind and holds complete_through back; a part that is no longer loaded does so for good, and ends at its last slice.';
