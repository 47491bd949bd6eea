-- +goose Up
ALTER TABLE operations ADD COLUMN submitter TEXT NOT NULL DEFAULT '';
ALTER TABLE operations ADD COLUMN idempotency_key TEXT;
ALTER TABLE operations ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX operations_by_key ON operations (submitter, idempotency_key);

CREATE TABLE checkpoints (
    operation_id TEXT    NOT NULL REFERENCES operations (id),
    number       INTEGER NOT NULL,
    sha256       TEXT    NOT NULL,
    bytes        BIGINT  NOT NULL,
    kind         TEXT    NOT NULL,
    position     BIGINT  NOT NULL,
    unit         TEXT    NOT NULL,
    state_json   TEXT    NOT NULL,
    attempt      INTEGER NOT NULL,
    created_at   BIGINT  NOT NULL,
    PRIMARY KEY (operation_id, number)
);
CREATE INDEX checkpoints_by_age ON checkpoints (created_at, operation_id);
CREATE INDEX checkpoints_by_hash ON checkpoints (sha256);

-- +goose Down
DROP TABLE checkpoints;
DROP INDEX operations_by_key;
ALTER TABLE operations DROP COLUMN fingerprint;
ALTER TABLE operations DROP COLUMN idempotency_key;
ALTER TABLE operations DROP COLUMN submitter;
