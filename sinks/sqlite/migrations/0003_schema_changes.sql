CREATE TABLE exporter_schema_changes (
	table_name TEXT      NOT NULL,
	changed_at TIMESTAMP NOT NULL,
	job        TEXT      NOT NULL,
	run        TEXT      NOT NULL,
	statement  TEXT      NOT NULL
);
CREATE INDEX exporter_schema_changes_table ON exporter_schema_changes (table_name, changed_at);

INSERT INTO exporter_columns (table_name, column_name, type, original_name, description) VALUES
('exporter_schema_changes', '', 'table', '', 'What the exporter did to tables: one row for each that was made and for each column that was added, written in the transaction of the change. A type is never altered and nothing is dropped.'),
('exporter_schema_changes', 'table_name', 'text', '', 'The table.'),
('exporter_schema_changes', 'changed_at', 'timestamp', '', 'When it was changed.'),
('exporter_schema_changes', 'job', 'text', '', 'The job whose load needed it.'),
('exporter_schema_changes', 'run', 'text', '', 'The run of that load.'),
('exporter_schema_changes', 'statement', 'text', '', 'What was done, as SQL.');
