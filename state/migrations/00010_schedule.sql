-- +goose Up
-- -62135596800000000 is the zero time.
ALTER TABLE jobs ADD COLUMN since INTEGER NOT NULL DEFAULT -62135596800000000; -- when a scheduler first knew the job
ALTER TABLE jobs ADD COLUMN resumed INTEGER NOT NULL DEFAULT -62135596800000000; -- when its last pause ended
ALTER TABLE jobs ADD COLUMN missed INTEGER NOT NULL DEFAULT 0; -- firings nobody was there for
ALTER TABLE jobs ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0; -- firings left out because the run before went on
ALTER TABLE jobs ADD COLUMN retry_at INTEGER NOT NULL DEFAULT -62135596800000000; -- when failed slices are tried again
ALTER TABLE jobs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0; -- since the last firing
ALTER TABLE jobs ADD COLUMN owed INTEGER NOT NULL DEFAULT -62135596800000000; -- start of the oldest interval that a firing left to the next ones
