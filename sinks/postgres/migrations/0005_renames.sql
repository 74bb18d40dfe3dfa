CREATE TABLE renames (
	table_schema text        NOT NULL,
	job          text        NOT NULL,
	renamed_to   text        NOT NULL,
	renamed_at   timestamptz NOT NULL,
	PRIMARY KEY (table_schema, job)
);
COMMENT ON TABLE renames IS 'Names that jobs had before: one row per old name and schema. A load under such a name is refused, because an older configuration would bring rows a second time.';
COMMENT ON COLUMN renames.table_schema IS 'The schema of the tables: sinks that share this ledger each have rows of their own.';
COMMENT ON COLUMN renames.job IS 'The old name. Remove its row if it is a job of its own now.';
COMMENT ON COLUMN renames.renamed_to IS 'The job whose renamed_from named it, and that has its slices.';
COMMENT ON COLUMN renames.renamed_at IS 'When the slices were given to it.';
