-- +goose Up
-- The last planned firing that was left out because overlap or missed says so.
ALTER TABLE jobs ADD COLUMN waived INTEGER NOT NULL DEFAULT -62135596800000000;
