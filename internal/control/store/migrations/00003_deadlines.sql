-- +goose Up
ALTER TABLE operations ADD COLUMN deadline BIGINT;
ALTER TABLE operations ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE operations DROP COLUMN expired;
ALTER TABLE operations DROP COLUMN deadline;
