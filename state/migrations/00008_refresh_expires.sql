-- +goose Up
-- When a person has to log in again. The default, the year 1, is "not known".
ALTER TABLE tokens ADD COLUMN refresh_expires INTEGER NOT NULL DEFAULT -62135596800000000;
