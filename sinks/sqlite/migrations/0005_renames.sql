CREATE TABLE exporter_renames (
	job        TEXT      NOT NULL PRIMARY KEY,
	renamed_to TEXT      NOT NULL,
	renamed_at TIMESTAMP NOT NULL
);

INSERT INTO exporter_columns (table_name, column_name, type, original_name, description) VALUES
('exporter_renames', '', 'table', '', 'Names that jobs had before: one row per old name. A load under such a name is refused, because an older configuration would bring rows a second time.'),
('exporter_renames', 'job', 'text', '', 'The old name. Remove its row if it is a job of its own now.'),
('exporter_renames', 'renamed_to', 'text', '', 'The job whose renamed_from named it, and that has its slices.'),
('exporter_renames', 'renamed_at', 'timestamp', '', 'When the slices were given to it.');
