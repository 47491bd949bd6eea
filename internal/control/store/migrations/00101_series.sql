-- The bars of backends that share a database. A series is chunks of content in
-- the artifact store; its version counts the changes.

-- +goose Up
CREATE TABLE series (
    symbol    TEXT   NOT NULL,
    timeframe TEXT   NOT NULL,
    version   BIGINT NOT NULL,
    bars      BIGINT NOT NULL,
    first     BIGINT NOT NULL,
    last      BIGINT NOT NULL,
    PRIMARY KEY (symbol, timeframe)
);
CREATE TABLE series_chunks (
    symbol    TEXT   NOT NULL,
    timeframe TEXT   NOT NULL,
    number    BIGINT NOT NULL,
    sha256    TEXT   NOT NULL,
    PRIMARY KEY (symbol, timeframe, number)
);

-- +goose Down
DROP TABLE series_chunks;
DROP TABLE series;
