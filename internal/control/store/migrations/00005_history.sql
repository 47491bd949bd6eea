-- +goose Up
ALTER TABLE operations ADD COLUMN retry_of TEXT;
ALTER TABLE operations ADD COLUMN points BIGINT NOT NULL DEFAULT 0;
ALTER TABLE operations ADD COLUMN point_step BIGINT NOT NULL DEFAULT 0;

CREATE TABLE points (
    operation_id TEXT    NOT NULL REFERENCES operations (id),
    number       BIGINT  NOT NULL,
    attempt      INTEGER NOT NULL,
    step         BIGINT  NOT NULL,
    at           BIGINT  NOT NULL,
    values_json  TEXT    NOT NULL,
    PRIMARY KEY (operation_id, number)
);

CREATE TABLE events (
    number       BIGINT  PRIMARY KEY,
    at           BIGINT  NOT NULL,
    operation_id TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    attempt      INTEGER NOT NULL,
    worker_id    TEXT    NOT NULL,
    reason       TEXT    NOT NULL
);
CREATE INDEX events_by_operation ON events (operation_id, number);

-- +goose Down
DROP TABLE events;
DROP TABLE points;
ALTER TABLE operations DROP COLUMN point_step;
ALTER TABLE operations DROP COLUMN points;
ALTER TABLE operations DROP COLUMN retry_of;
