-- +goose Up
CREATE TABLE cordons (
    worker_id TEXT   PRIMARY KEY,
    since     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE cordons;
