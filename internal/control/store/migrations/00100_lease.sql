-- A scheduler keeps its term until expires_at, by the clock of the database.

-- +goose Up
ALTER TABLE scheduler ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE scheduler DROP COLUMN expires_at;
