-- +goose Up
ALTER TABLE runs ADD COLUMN only TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN wait_until INTEGER NOT NULL DEFAULT -62135596800000000; -- the zero time: nothing of it waits

-- Asked for twice a second, over any number of slices and runs.
CREATE INDEX slices_waiting ON slices (wait_until, job) WHERE state = 'waiting';
CREATE INDEX runs_parked ON runs (wait_until) WHERE state = 'parked' AND slices = 0;
