-- +goose Up
-- Counts how often runs of the job have begun, up to this one, whatever the clock did: 0 = not
-- yet. A run that gave way begins again.
ALTER TABLE runs ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET began = o.n
    FROM (SELECT seq, row_number() OVER (PARTITION BY job ORDER BY started, seq) AS n FROM runs WHERE started <> -62135596800000000) AS o
    WHERE o.seq = runs.seq;
CREATE INDEX runs_began ON runs (job, began);
