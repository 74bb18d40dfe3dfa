-- +goose Up
CREATE TABLE jobs (
    job         TEXT    PRIMARY KEY,
    last_firing INTEGER NOT NULL,
    paused      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
