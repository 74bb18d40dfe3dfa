-- +goose Up
ALTER TABLE runs ADD COLUMN parallel INTEGER NOT NULL DEFAULT 0; -- slices at work at once, 0 = as many as there is room for
ALTER TABLE runs ADD COLUMN since INTEGER NOT NULL DEFAULT -62135596800000000; -- the zero time: nothing counts as done
ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
