-- +goose Up
CREATE TABLE tokens (
    key       TEXT    PRIMARY KEY, -- of the credential
    recipient TEXT    NOT NULL,    -- age public key the value is encrypted for
    value     BLOB    NOT NULL,    -- age file
    expires   INTEGER NOT NULL,
    saved     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Identities locked with the passphrase of [exporter] key; empty with a key file.
CREATE TABLE token_keys (
    recipient TEXT    PRIMARY KEY,
    locked    BLOB    NOT NULL, -- age file: scrypt
    made      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
