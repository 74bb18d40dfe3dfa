ALTER TABLE exporter_runs ADD COLUMN rows_rejected INTEGER;
ALTER TABLE exporter_runs ADD COLUMN warnings JSON TEXT;

CREATE INDEX exporter_slices_provisional ON exporter_slices (job, interval_start) WHERE provisional AND state = 'committed';

CREATE TABLE exporter_progress (
	job              TEXT      NOT NULL,
	part             TEXT      NOT NULL,
	table_name       TEXT      NOT NULL,
	starts_at        TIMESTAMP NOT NULL,
	complete_through TIMESTAMP NOT NULL,
	last_load        TIMESTAMP NOT NULL,
	last_check       TIMESTAMP NOT NULL,
	rows             INTEGER   NOT NULL,
	PRIMARY KEY (job, part, table_name)
) WITHOUT ROWID;

INSERT INTO exporter_progress
WITH loaded AS (
	SELECT s.job, s.part, t.key AS table_name, s.interval_start, s.interval_end, s.provisional, s.loaded_at, s.checked_at,
		json_extract(t.value, '$.rows') AS rows,
		lag(s.interval_end) OVER (PARTITION BY s.job, s.part, t.key ORDER BY s.interval_start) AS previous_end
	FROM exporter_slices AS s JOIN json_each(s.tables) AS t
	WHERE s.state = 'committed'
)
SELECT job, part, table_name,
	min(interval_start) AS starts_at,
	coalesce(min(CASE WHEN interval_start <> previous_end THEN previous_end WHEN provisional THEN interval_start END), max(interval_end)) AS complete_through,
	max(loaded_at) AS last_load, max(checked_at) AS last_check, sum(rows) AS rows
FROM loaded
GROUP BY job, part, table_name;


DROP VIEW exporter_freshness;
CREATE VIEW exporter_freshness AS
WITH parts AS (
	SELECT p.*, CASE WHEN p.starts_at = '-infinity' THEN p.last_check ELSE p.complete_through END AS through
	FROM exporter_progress AS p
	WHERE EXISTS (SELECT 1 FROM sqlite_master AS m WHERE m.type = 'table' AND m.name = p.table_name COLLATE NOCASE)
), ranked AS (
	SELECT *, first_value(part) OVER (PARTITION BY table_name, job ORDER BY through, part) AS oldest
	FROM parts
)
SELECT table_name, job,
	min(through) AS complete_through,
	(SELECT nullif(min(s.interval_start), '-infinity') FROM exporter_slices AS s
		WHERE s.provisional AND s.state = 'committed' AND s.job = ranked.job
			AND EXISTS (SELECT 1 FROM json_each(s.tables) AS t WHERE t.key = ranked.table_name)) AS provisional_from,
	max(last_load) AS last_load,
	max(last_check) AS last_check,
	sum(rows) AS rows,
	nullif(min(starts_at), '-infinity') AS starts_at,
	count(*) AS parts,
	min(oldest) AS oldest_part
FROM ranked
GROUP BY table_name, job;

INSERT INTO exporter_columns (table_name, column_name, type, original_name, description) VALUES
('exporter_runs', 'rows_rejected', 'integer', '', 'Rows of the slices that were loaded here that could not be typed; they are in the tables named ..._rejects.'),
('exporter_runs', 'warnings', 'json', '', 'What the run warned of, each once: ["text"]; null if of nothing, or if the run was recorded later than at its end.'),
('exporter_progress', '', 'table', '', 'What the committed slices of a part amount to, one row per table, written in the transaction of each slice: exporter_freshness reads it instead of all slices.'),
('exporter_progress', 'job', 'text', '', 'The job that fills the table.'),
('exporter_progress', 'part', 'text', '', 'The customer, site, location or network; empty where the stream has none.'),
('exporter_progress', 'table_name', 'text', '', 'The table.'),
('exporter_progress', 'starts_at', 'timestamp', '', 'Start of the first slice; -infinity for a table of the current state.'),
('exporter_progress', 'complete_through', 'timestamp', '', 'End of the slices that follow each other from starts_at without a gap and without a provisional one; infinity for a table of the current state.'),
('exporter_progress', 'last_load', 'timestamp', '', 'When rows were last loaded.'),
('exporter_progress', 'last_check', 'timestamp', '', 'When the vendor was last asked and a slice was found unchanged or was loaded.'),
('exporter_progress', 'rows', 'integer', '', 'Rows of the committed slices, as they were loaded.');
