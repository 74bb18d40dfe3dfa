ALTER TABLE runs ADD COLUMN rows_rejected bigint, ADD COLUMN warnings jsonb;
COMMENT ON COLUMN runs.rows_rejected IS 'Rows of the slices that were loaded here that could not be typed; they are in the tables named ..._rejects.';
COMMENT ON COLUMN runs.warnings IS 'What the run warned of, each once: ["text"]; null if of nothing, or if the run was recorded later than at its end.';

-- Room on each page for the next version of its rows, so that those that change with
-- every load and check stay where they are and their indexes are left alone.
ALTER TABLE slices SET (fillfactor = 80);
ALTER TABLE runs SET (fillfactor = 80);

CREATE INDEX slices_provisional ON slices (table_schema, job, interval_start) WHERE provisional AND state = 'committed';

CREATE TABLE progress (
	table_schema     text        NOT NULL,
	job              text        NOT NULL,
	part             text        NOT NULL,
	table_name       text        NOT NULL,
	starts_at        timestamptz NOT NULL,
	complete_through timestamptz NOT NULL,
	last_load        timestamptz NOT NULL,
	last_check       timestamptz NOT NULL,
	rows             bigint      NOT NULL,
	PRIMARY KEY (table_schema, job, part, table_name)
) WITH (fillfactor = 50);

COMMENT ON TABLE progress IS 'What the committed slices of a part amount to, one row per table, written in the transaction of each slice: freshness reads it instead of all slices.';
COMMENT ON COLUMN progress.table_schema IS 'The schema of the table.';
COMMENT ON COLUMN progress.job IS 'The job that fills it.';
COMMENT ON COLUMN progress.part IS 'The customer, site, location or network; empty where the stream has none.';
COMMENT ON COLUMN progress.table_name IS 'The table.';
COMMENT ON COLUMN progress.starts_at IS 'Start of the first slice; -infinity for a table of the current state.';
COMMENT ON COLUMN progress.complete_through IS 'End of the slices that follow each other from starts_at without a gap and without a provisional one; infinity for a table of the current state.';
COMMENT ON COLUMN progress.last_load IS 'When rows were last loaded.';
COMMENT ON COLUMN progress.last_check IS 'When the vendor was last asked and a slice was found unchanged or was loaded.';
COMMENT ON COLUMN progress.rows IS 'Rows of the committed slices, as they were loaded.';

CREATE VIEW progress_counted AS
WITH loaded AS (
	SELECT s.table_schema, s.job, s.part, t.key AS table_name, s.interval_start, s.interval_end, s.provisional, s.loaded_at, s.checked_at,
		(t.value ->> 'rows')::bigint AS rows,
		lag(s.interval_end) OVER (PARTITION BY s.table_schema, s.job, s.part, t.key ORDER BY s.interval_start) AS previous_end
	FROM slices s CROSS JOIN LATERAL jsonb_each(s.tables) t
	WHERE s.state = 'committed'
)
SELECT table_schema, job, part, table_name,
	min(interval_start) AS starts_at,
	coalesce(min(CASE WHEN interval_start <> previous_end THEN previous_end WHEN provisional THEN interval_start END), max(interval_end)) AS complete_through,
	max(loaded_at) AS last_load, max(checked_at) AS last_check, sum(rows)::bigint AS rows
FROM loaded
GROUP BY table_schema, job, part, table_name;

COMMENT ON VIEW progress_counted IS 'What stands in progress, counted anew from all slices. To repair progress after slices were changed by hand: BEGIN; DELETE FROM progress; INSERT INTO progress SELECT * FROM progress_counted; COMMIT;';
COMMENT ON COLUMN progress_counted.table_schema IS 'As in progress.';
COMMENT ON COLUMN progress_counted.job IS 'As in progress.';
COMMENT ON COLUMN progress_counted.part IS 'As in progress.';
COMMENT ON COLUMN progress_counted.table_name IS 'As in progress.';
COMMENT ON COLUMN progress_counted.starts_at IS 'As in progress.';
COMMENT ON COLUMN progress_counted.complete_through IS 'As in progress.';
COMMENT ON COLUMN progress_counted.last_load IS 'As in progress.';
COMMENT ON COLUMN progress_counted.last_check IS 'As in progress.';
COMMENT ON COLUMN progress_counted.rows IS 'As in progress.';

INSERT INTO progress SELECT * FROM progress_counted;

CREATE OR REPLACE VIEW freshness AS
WITH there AS (
	SELECT n.nspname, c.relname
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
), parts AS (
	SELECT p.*, CASE WHEN p.starts_at = '-infinity' THEN p.last_check ELSE p.complete_through END AS through
	FROM progress p
	WHERE EXISTS (SELECT FROM there WHERE there.nspname = p.table_schema AND there.relname = p.table_name)
), tables AS (
	SELECT table_schema, table_name, job,
		min(through) AS complete_through,
		max(last_load) AS last_load,
		max(last_check) AS last_check,
		sum(rows)::bigint AS rows,
		nullif(min(starts_at), '-infinity') AS starts_at,
		count(*) AS parts,
		(array_agg(part ORDER BY through, part))[1] AS oldest_part
	FROM parts
	GROUP BY table_schema, table_name, job
)
SELECT t.table_schema, t.table_name, t.job, t.complete_through,
	(SELECT nullif(min(s.interval_start), '-infinity') FROM slices s
		WHERE s.provisional AND s.state = 'committed' AND s.table_schema = t.table_schema AND s.job = t.job AND s.tables ? t.table_name) AS provisional_from,
	t.last_load, t.last_check, t.rows, t.starts_at, t.parts, t.oldest_part
FROM tables t;
