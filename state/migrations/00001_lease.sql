-- +goose Up
PRAGMA application_id = 0x45585053;

-- One row: who may execute. expires is 0 while nobody does.
CREATE TABLE lease (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    holder  TEXT    NOT NULL,
    pid     INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    lock    TEXT    NOT NULL -- identity of the lock file the holder has locked, '' = none
) STRICT;

INSERT INTO lease VALUES (1, '', 0, 0, 0, 0, '');
