CREATE TABLE exporter_runs (
	id               TEXT      NOT NULL PRIMARY KEY,
	job              TEXT      NOT NULL,
	trigger          TEXT      NOT NULL,
	state            TEXT      NOT NULL,
	started_at       TIMESTAMP NOT NULL,
	finished_at      TIMESTAMP,
	slices_committed INTEGER   NOT NULL DEFAULT 0,
	slices_unchanged INTEGER,
	slices_failed    INTEGER,
	slices_waiting   INTEGER,
	rows             INTEGER   NOT NULL DEFAULT 0,
	calls            INTEGER,
	error            TEXT
);
CREATE INDEX exporter_runs_job ON exporter_runs (job, started_at);

CREATE TABLE exporter_restatements (
	_slice          INTEGER   NOT NULL,
	table_name      TEXT      NOT NULL,
	job             TEXT      NOT NULL,
	part            TEXT      NOT NULL,
	interval_start  TIMESTAMP NOT NULL,
	interval_end    TIMESTAMP NOT NULL,
	restated_at     TIMESTAMP NOT NULL,
	run             TEXT      NOT NULL,
	rows_before     INTEGER,
	rows_after      INTEGER,
	sums_before     JSON TEXT,
	sums_after      JSON TEXT,
	sums_difference JSON TEXT,
	hash_before     TEXT,
	hash_after      TEXT,
	was_provisional BOOLEAN,
	redefined       BOOLEAN
);
CREATE INDEX exporter_restatements_job ON exporter_restatements (job, restated_at);

CREATE VIEW exporter_freshness AS
WITH loaded AS (
	SELECT t.key AS table_name, s.job, s.part, s.interval_start, s.interval_end, s.provisional, s.loaded_at, s.checked_at,
		json_extract(t.value, '$.rows') AS rows,
		lag(s.interval_end) OVER (PARTITION BY t.key, s.job, s.part ORDER BY s.interval_start) AS previous_end
	FROM exporter_slices AS s JOIN json_each(s.tables) AS t
	WHERE s.state = 'committed' AND NOT EXISTS (
		SELECT 1 FROM json_each(s.tables) AS k
		WHERE NOT EXISTS (SELECT 1 FROM sqlite_master AS m WHERE m.type = 'table' AND m.name = k.key COLLATE NOCASE))
), chained AS (
	SELECT *, min(NOT provisional AND coalesce(interval_start = previous_end, 1))
		OVER (PARTITION BY table_name, job, part ORDER BY interval_start) AS whole
	FROM loaded
), parts AS (
	SELECT table_name, job, part,
		min(interval_start) AS first_start,
		CASE WHEN min(interval_start) = '-infinity' THEN min(checked_at)
			ELSE coalesce(max(CASE WHEN whole THEN interval_end END), min(interval_start)) END AS through,
		min(CASE WHEN provisional THEN interval_start END) AS provisional_from,
		max(loaded_at) AS last_load, max(checked_at) AS last_check, sum(rows) AS rows
	FROM chained
	GROUP BY table_name, job, part
), ranked AS (
	SELECT *, first_value(part) OVER (PARTITION BY table_name, job ORDER BY through, part) AS oldest_part
	FROM parts
)
SELECT table_name, job,
	min(through) AS complete_through,
	nullif(min(provisional_from), '-infinity') AS provisional_from,
	max(last_load) AS last_load,
	max(last_check) AS last_check,
	sum(rows) AS rows,
	nullif(min(first_start), '-infinity') AS starts_at,
	count(*) AS parts,
	min(oldest_part) AS oldest_part
FROM ranked
GROUP BY table_name, job;

INSERT INTO exporter_columns (table_name, column_name, type, original_name, description) VALUES
('exporter_runs', '', 'table', '', 'One row per run of a job. It appears with the first slice the run commits, or when the run has ended.'),
('exporter_runs', 'id', 'text', '', 'Identity of the run; the column run of exporter_slices and exporter_restatements. Sorts by time of request.'),
('exporter_runs', 'job', 'text', '', 'The job.'),
('exporter_runs', 'trigger', 'text', '', 'What caused the run: cli, schedule, backfill, retry, purge, quota (it is back), again (what failed is tried again after a while).'),
('exporter_runs', 'state', 'text', '', 'running: at work; also if it ended while this file could not be written, until the next run of the job has ended. succeeded: every slice committed or unchanged. partial: some. failed, parked (waits for quota), interrupted: none.'),
('exporter_runs', 'started_at', 'timestamp', '', 'When the run began.'),
('exporter_runs', 'finished_at', 'timestamp', '', 'When the run ended; null while it is running.'),
('exporter_runs', 'slices_committed', 'integer', '', 'Slices loaded; while the run is running, so far.'),
('exporter_runs', 'slices_unchanged', 'integer', '', 'Slices read again and found as they were; null while the run is running.'),
('exporter_runs', 'slices_failed', 'integer', '', 'Slices that failed, failed a check or were interrupted; null while the run is running.'),
('exporter_runs', 'slices_waiting', 'integer', '', 'Slices that wait for quota; null while the run is running.'),
('exporter_runs', 'rows', 'integer', '', 'Rows of the slices that were loaded, of all their tables, rejects not counted.'),
('exporter_runs', 'calls', 'integer', '', 'Requests sent to the vendor; null while the run is running.'),
('exporter_runs', 'error', 'text', '', 'The first failure; null if there was none.'),
('exporter_restatements', '', 'table', '', 'One row each time that committed rows of a slice in a table were replaced by others, written in the transaction of the new ones. First loads, slices found unchanged and write = "append" restate nothing. Of write = "merge" what was delivered for the slice is compared: rows that are missing in the later delivery stay in the table. Of write = "snapshot" the current state as of one load with that as of the next.'),
('exporter_restatements', '_slice', 'integer', '', 'The slice; _slice of exporter_slices.'),
('exporter_restatements', 'table_name', 'text', '', 'The table.'),
('exporter_restatements', 'job', 'text', '', 'The job that loads the slice.'),
('exporter_restatements', 'part', 'text', '', 'The customer, site, location or network the slice is about; empty where the stream has none.'),
('exporter_restatements', 'interval_start', 'timestamp', '', 'Start of the data interval, inclusive; -infinity for a slice without an interval.'),
('exporter_restatements', 'interval_end', 'timestamp', '', 'End of the data interval, exclusive; infinity for a slice without an interval.'),
('exporter_restatements', 'restated_at', 'timestamp', '', 'When the new rows were loaded; equals loaded_at of the slice then, and _loaded_at of the rows.'),
('exporter_restatements', 'run', 'text', '', 'The run that loaded the new rows.'),
('exporter_restatements', 'rows_before', 'integer', '', 'Rows that were replaced.'),
('exporter_restatements', 'rows_after', 'integer', '', 'Rows that replaced them; 0 also where the job does not fill the table any more.'),
('exporter_restatements', 'sums_before', 'json', '', 'Exact sums of integer and numeric columns before: {"column": "decimal"}.'),
('exporter_restatements', 'sums_after', 'json', '', 'Exact sums after.'),
('exporter_restatements', 'sums_difference', 'json', '', 'Sums after less sums before, where they differ, of columns that both have: {"column": "decimal"}.'),
('exporter_restatements', 'hash_before', 'text', '', 'Content hash before.'),
('exporter_restatements', 'hash_after', 'text', '', 'Content hash after; null where the job does not fill the table any more.'),
('exporter_restatements', 'was_provisional', 'boolean', '', 'True if the rows that were replaced were provisional: more were to be expected.'),
('exporter_restatements', 'redefined', 'boolean', '', 'True if the job''s definition or the table''s columns changed too, so that the difference need not be the vendor''s.'),
('exporter_freshness', '', 'view', '', 'How far each table is loaded, one row per table and job, from the ledger alone.'),
('exporter_freshness', 'table_name', 'text', '', 'The table.'),
('exporter_freshness', 'job', 'text', '', 'The job that fills it.'),
('exporter_freshness', 'complete_through', 'timestamp', '', 'Everything before is there and final, of every part since its first slice: the end of the slices that follow each other without a gap and without a provisional one, of the part that is furthest behind. Equals the start of the first slice while nothing is final. Of a table of the current state (write = "snapshot"): as of when it is the state, of the part that was read longest ago.'),
('exporter_freshness', 'provisional_from', 'timestamp', '', 'Start of the first interval whose rows may still change because it was read before its end or its count would not settle; null if there is none.'),
('exporter_freshness', 'last_load', 'timestamp', '', 'When rows were last loaded.'),
('exporter_freshness', 'last_check', 'timestamp', '', 'When the vendor was last asked and a slice was found unchanged or was loaded.'),
('exporter_freshness', 'rows', 'integer', '', 'Rows of the committed slices, as they were loaded. Of write = "merge" a row that came with several slices counts for each; of "snapshot" rows that are no longer there do not count.'),
('exporter_freshness', 'starts_at', 'timestamp', '', 'Start of the first slice; null for a table of the current state.'),
('exporter_freshness', 'parts', 'integer', '', 'How many parts (customers, sites, locations, networks) have slices.'),
('exporter_freshness', 'oldest_part', 'text', '', 'The part that is furthest behind and holds complete_through back; a part that is no longer loaded does so for good, and ends at its last slice.');
