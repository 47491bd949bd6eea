-- Nothing looks for equal specifications, and most operations have no key.

-- +goose Up
DROP INDEX operations_by_spec;
DROP INDEX operations_by_key;
CREATE UNIQUE INDEX operations_by_key ON operations (submitter, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- +goose Down
DROP INDEX operations_by_key;
CREATE UNIQUE INDEX operations_by_key ON operations (submitter, idempotency_key);
CREATE INDEX operations_by_spec ON operations (spec_hash);
