-- +goose Up
-- One slice is (job, part, interval_start); the key starts with the time because
-- that is what slices are listed by.
CREATE TABLE slices (
    job            TEXT    NOT NULL,
    interval_start INTEGER NOT NULL,
    part           TEXT    NOT NULL,
    interval_end   INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN
                   ('planned', 'extracting', 'extracted', 'loading', 'waiting',
                    'committed', 'unchanged', 'failed', 'check_failed', 'interrupted')),
    definition     TEXT    NOT NULL,
    run            TEXT    NOT NULL, -- '' = taken from a sink's ledger
    attempts       INTEGER NOT NULL,
    page           INTEGER NOT NULL,
    rows           INTEGER NOT NULL,
    announced      INTEGER NOT NULL,
    rejected       INTEGER NOT NULL,
    provisional    INTEGER NOT NULL,
    class          TEXT    NOT NULL,
    error          TEXT    NOT NULL,
    hint           TEXT    NOT NULL,
    wait_until     INTEGER NOT NULL,
    updated        INTEGER NOT NULL,
    sinks          TEXT    NOT NULL, -- JSON: sink -> state, rows, times
    PRIMARY KEY (job, interval_start, part)
) STRICT, WITHOUT ROWID;

CREATE INDEX slices_in_work ON slices (run)
    WHERE state IN ('planned', 'extracting', 'extracted', 'loading');

-- Kept by triggers, so that a status page over a million slices reads some hundred rows.
CREATE TABLE slice_counts (
    job   TEXT    NOT NULL,
    state TEXT    NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (job, state)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER slices_inserted AFTER INSERT ON slices BEGIN
    INSERT INTO slice_counts VALUES (NEW.job, NEW.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER slices_moved AFTER UPDATE OF state ON slices WHEN OLD.state <> NEW.state BEGIN
    UPDATE slice_counts SET n = n - 1 WHERE job = OLD.job AND state = OLD.state;
    INSERT INTO slice_counts VALUES (NEW.job, NEW.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER slices_deleted AFTER DELETE ON slices BEGIN
    UPDATE slice_counts SET n = n - 1 WHERE job = OLD.job AND state = OLD.state;
END;
-- +goose StatementEnd
