CREATE TABLE schema_changes (
	table_schema text        NOT NULL,
	table_name   text        NOT NULL,
	changed_at   timestamptz NOT NULL,
	job          text        NOT NULL,
	run          text        NOT NULL,
	statement    text        NOT NULL
);
CREATE INDEX ON schema_changes (table_schema, table_name, changed_at);

COMMENT ON TABLE schema_changes IS 'What the exporter did to tables: one row for each that was made, column that was added and index on a key, written in the transaction of the change. A type is never altered and nothing is dropped.';
COMMENT ON COLUMN schema_changes.table_schema IS 'The schema of the table.';
COMMENT ON COLUMN schema_changes.table_name IS 'The table.';
COMMENT ON COLUMN schema_changes.changed_at IS 'When it was changed.';
COMMENT ON COLUMN schema_changes.job IS 'The job whose load needed it.';
COMMENT ON COLUMN schema_changes.run IS 'The run of that load.';
COMMENT ON COLUMN schema_changes.statement IS 'What was done, as SQL.';
