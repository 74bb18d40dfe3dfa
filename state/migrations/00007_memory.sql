-- +goose Up
CREATE TABLE memory (
    key   TEXT    PRIMARY KEY, -- source and what it is about
    value BLOB    NOT NULL,
    saved INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
