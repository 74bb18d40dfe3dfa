-- +goose Up
CREATE TABLE quota (
    credential TEXT    PRIMARY KEY,
    usage      TEXT    NOT NULL, -- JSON of ratelimit.Usage
    saved      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
