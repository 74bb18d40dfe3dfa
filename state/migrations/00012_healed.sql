-- +goose Up
-- When the newest firing began whose slices were all done in the end, if later runs did the rest.
ALTER TABLE jobs ADD COLUMN healed INTEGER NOT NULL DEFAULT -62135596800000000;
