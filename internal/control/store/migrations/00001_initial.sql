-- Times are microseconds since 1970 UTC. Flags are 0 or 1. Texts that hold JSON
-- are named so. Both SQLite and PostgreSQL read this file.

-- +goose Up
CREATE TABLE scheduler (
    id     INTEGER PRIMARY KEY,
    term   BIGINT  NOT NULL,
    holder TEXT    NOT NULL
);
INSERT INTO scheduler (id, term, holder) VALUES (1, 0, '');

CREATE TABLE operations (
    id                  TEXT    PRIMARY KEY,
    parent_id           TEXT,
    type                TEXT    NOT NULL,
    status              TEXT    NOT NULL,
    priority            INTEGER NOT NULL,
    created_at          BIGINT  NOT NULL,
    started_at          BIGINT,
    completed_at        BIGINT,
    attempt             INTEGER NOT NULL DEFAULT 0,
    term                BIGINT  NOT NULL DEFAULT 0,
    worker_id           TEXT    NOT NULL DEFAULT '',
    incarnation         TEXT    NOT NULL DEFAULT '',
    is_open             INTEGER NOT NULL DEFAULT 0,
    ended               TEXT    NOT NULL DEFAULT '',
    lost                INTEGER NOT NULL DEFAULT 0,
    max_attempts        INTEGER NOT NULL,
    cancel_requested_at BIGINT,
    cancel_reason       TEXT    NOT NULL DEFAULT '',
    spec_hash           TEXT    NOT NULL,
    error               TEXT,
    metadata_json       TEXT    NOT NULL,
    progress_json       TEXT    NOT NULL DEFAULT '',
    warnings_json       TEXT    NOT NULL,
    errors_json         TEXT    NOT NULL
);
CREATE INDEX operations_by_age ON operations (created_at, id);
CREATE INDEX operations_by_status ON operations (status, created_at, id);
CREATE INDEX operations_by_type ON operations (type, created_at, id);
CREATE INDEX operations_by_type_and_status ON operations (type, status, created_at, id);
CREATE INDEX operations_by_spec ON operations (spec_hash);

-- Large texts stand apart, so that a change of state does not rewrite them.
CREATE TABLE specs (
    operation_id TEXT PRIMARY KEY REFERENCES operations (id),
    spec_json    TEXT NOT NULL
);
CREATE TABLE results (
    operation_id TEXT PRIMARY KEY REFERENCES operations (id),
    result_json  TEXT NOT NULL
);

CREATE TABLE attempts (
    operation_id TEXT    NOT NULL REFERENCES operations (id),
    attempt      INTEGER NOT NULL,
    term         BIGINT  NOT NULL,
    worker_id    TEXT    NOT NULL,
    incarnation  TEXT    NOT NULL,
    opened_at    BIGINT  NOT NULL,
    started_at   BIGINT,
    ended_at     BIGINT,
    outcome      TEXT    NOT NULL DEFAULT '',
    reason       TEXT    NOT NULL DEFAULT '',
    report_json  TEXT,
    PRIMARY KEY (operation_id, attempt)
);

CREATE TABLE artifacts (
    operation_id TEXT   NOT NULL REFERENCES operations (id),
    sha256       TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    bytes        BIGINT NOT NULL,
    is_output    INTEGER NOT NULL,
    PRIMARY KEY (operation_id, sha256, role)
);
CREATE INDEX artifacts_by_hash ON artifacts (sha256);

CREATE TABLE models (
    id              TEXT    PRIMARY KEY,
    name            TEXT    NOT NULL,
    version         INTEGER NOT NULL,
    strategy_name   TEXT    NOT NULL,
    operation_id    TEXT    NOT NULL REFERENCES operations (id),
    created_at      BIGINT  NOT NULL,
    sha256          TEXT    NOT NULL,
    bytes           BIGINT  NOT NULL,
    train_start     BIGINT  NOT NULL,
    train_end       BIGINT  NOT NULL,
    feature_hash    TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    symbols_json    TEXT    NOT NULL,
    timeframes_json TEXT    NOT NULL,
    metrics_json    TEXT    NOT NULL,
    UNIQUE (name, version)
);
CREATE INDEX models_by_age ON models (created_at, id);
CREATE INDEX models_by_strategy ON models (strategy_name, created_at);
CREATE INDEX models_by_operation ON models (operation_id);

-- One row for each symbol and timeframe that a model was trained on.
CREATE TABLE model_markets (
    model_id  TEXT NOT NULL REFERENCES models (id),
    symbol    TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    PRIMARY KEY (model_id, symbol, timeframe)
);

CREATE TABLE workers (
    id                TEXT    PRIMARY KEY,
    type              TEXT    NOT NULL,
    endpoint_url      TEXT    NOT NULL,
    incarnation       TEXT    NOT NULL,
    version           TEXT    NOT NULL,
    draining          INTEGER NOT NULL,
    registered_at     BIGINT  NOT NULL,
    last_seen_at      BIGINT  NOT NULL,
    capabilities_json TEXT    NOT NULL
);

-- +goose Down
DROP TABLE workers;
DROP TABLE model_markets;
DROP TABLE models;
DROP TABLE artifacts;
DROP TABLE attempts;
DROP TABLE results;
DROP TABLE specs;
DROP TABLE operations;
DROP TABLE scheduler;
