-- +goose Up
CREATE TABLE runs (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT, -- order of requests, whatever the clock did
    id            TEXT    NOT NULL UNIQUE,
    job           TEXT    NOT NULL,
    triggered_by  TEXT    NOT NULL,
    interval_from INTEGER NOT NULL,
    interval_to   INTEGER NOT NULL,
    force         INTEGER NOT NULL,
    priority      TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN
                  ('queued', 'running', 'succeeded', 'failed', 'partial', 'parked', 'interrupted')),
    exit_code     INTEGER NOT NULL,
    error         TEXT    NOT NULL,
    hint          TEXT    NOT NULL,
    class         TEXT    NOT NULL,
    requested     INTEGER NOT NULL,
    started       INTEGER NOT NULL,
    finished      INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    slices        INTEGER NOT NULL,
    committed     INTEGER NOT NULL,
    unchanged     INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    waiting       INTEGER NOT NULL,
    rows          INTEGER NOT NULL,
    calls         INTEGER NOT NULL
) STRICT;

CREATE INDEX runs_of_job ON runs (job, seq);
CREATE INDEX runs_open ON runs (state, seq) WHERE state IN ('queued', 'running');
