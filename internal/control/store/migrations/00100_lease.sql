-- A scheduler keeps its term until expires_at, by the clock of the database.
-- files_id names the folder of artifacts that the records speak of, once a
-- backend has said so.

-- +goose Up
ALTER TABLE scheduler ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE scheduler ADD COLUMN files_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE scheduler DROP COLUMN files_id;
ALTER TABLE scheduler DROP COLUMN expires_at;
