CREATE TABLE slices (
	_slice         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	table_schema   text        NOT NULL,
	job            text        NOT NULL,
	part           text        NOT NULL,
	interval_start timestamptz NOT NULL,
	interval_end   timestamptz NOT NULL,
	state          text        NOT NULL DEFAULT 'loading' CHECK (state IN ('loading', 'committed')),
	rows_announced bigint,
	rows_read      bigint,
	rows_rejected  bigint,
	rows_written   bigint,
	hash           text,
	sums           jsonb,
	tables         jsonb,
	fence          bigint      NOT NULL,
	definition     text,
	provisional    boolean,
	load_id        text,
	run            text,
	loaded_at      timestamptz,
	checked_at     timestamptz,
	UNIQUE (table_schema, job, part, interval_start)
);

COMMENT ON TABLE slices IS 'The ledger: one row per slice (job, part, data interval) and schema, written in the transaction of the slice''s data.';
COMMENT ON COLUMN slices._slice IS 'Identity of the slice; the column _slice of every row that belongs to it.';
COMMENT ON COLUMN slices.table_schema IS 'The schema of the tables: sinks that share this ledger each have slices of their own.';
COMMENT ON COLUMN slices.job IS 'The job that loads the slice.';
COMMENT ON COLUMN slices.part IS 'The customer, site, location or network the slice is about; empty where the stream has none.';
COMMENT ON COLUMN slices.interval_start IS 'Start of the data interval, inclusive; -infinity for a slice without an interval.';
COMMENT ON COLUMN slices.interval_end IS 'End of the data interval, exclusive; infinity for a slice without an interval.';
COMMENT ON COLUMN slices.state IS 'loading: begun, never committed. committed: what stands in the other columns is in the tables, also while a newer load is on its way.';
COMMENT ON COLUMN slices.rows_announced IS 'Rows the vendor announced; null where it announces none.';
COMMENT ON COLUMN slices.rows_read IS 'Rows read from the vendor: written and rejected ones.';
COMMENT ON COLUMN slices.rows_rejected IS 'Rows that could not be typed; they are in the tables named ..._rejects.';
COMMENT ON COLUMN slices.rows_written IS 'Rows in the tables, rejects not counted.';
COMMENT ON COLUMN slices.hash IS 'Content hash, independent of the order of rows; of several tables, a hash over theirs.';
COMMENT ON COLUMN slices.sums IS 'Exact sums of integer and numeric columns: {"table": {"column": "decimal"}}.';
COMMENT ON COLUMN slices.tables IS 'State of each table: {"table": {"rows", "hash", "schema", "sums"}}.';
COMMENT ON COLUMN slices.fence IS 'Raised by every load that begins; a load commits only while it holds the highest.';
COMMENT ON COLUMN slices.definition IS 'Fingerprint of what the slice is a slice of: source, stream, options, columns, zone.';
COMMENT ON COLUMN slices.provisional IS 'True while the vendor may still add rows.';
COMMENT ON COLUMN slices.load_id IS 'The load that committed; decides after a lost reply to COMMIT.';
COMMENT ON COLUMN slices.run IS 'The run that committed.';
COMMENT ON COLUMN slices.loaded_at IS 'When the rows were loaded; equals their _loaded_at.';
COMMENT ON COLUMN slices.checked_at IS 'When the vendor was last asked and the slice was found unchanged or was loaded.';
