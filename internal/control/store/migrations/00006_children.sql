-- +goose Up
CREATE INDEX operations_by_parent ON operations (parent_id, created_at, id);

-- +goose Down
DROP INDEX operations_by_parent;
