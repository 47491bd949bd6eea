-- +goose Up
ALTER TABLE operations ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE operations DROP COLUMN weight;
