-- +goose Up

-- Builds before the first release had the keys in a table of another name. This
-- migration replaces theirs, and keeps the keys that it finds.
ALTER TABLE IF EXISTS commands.keys RENAME COLUMN claimed_at TO reserved_at;
ALTER TABLE IF EXISTS commands.keys RENAME TO idempotency_keys;
ALTER INDEX IF EXISTS commands.keys_pkey RENAME TO idempotency_keys_pkey;
ALTER INDEX IF EXISTS commands.keys_claimed_at RENAME TO idempotency_keys_reserved_at;

-- A row is inserted before the first append of a command with a key. A repeat then finds
-- the command id, even after a crash between the append and the answer.
CREATE TABLE IF NOT EXISTS commands.idempotency_keys (
    client      text        NOT NULL,
    key         text        NOT NULL,
    request     bytea       NOT NULL, -- SHA-256 of the whole request
    command_id  uuid        NOT NULL,
    reserved_at timestamptz NOT NULL, -- by the clock of the service
    -- What the answer was read from. All four are null until it is known.
    pair        text,
    revision    bigint,
    position    bigint,
    answered_at timestamptz,
    PRIMARY KEY (client, key),
    CHECK (num_nulls(pair, revision, position, answered_at) IN (0, 4))
);
CREATE INDEX IF NOT EXISTS idempotency_keys_reserved_at ON commands.idempotency_keys (reserved_at);

-- The log that has the commands of the keys: one row, or none before the first start.
CREATE TABLE IF NOT EXISTS commands.log (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    store_id uuid NOT NULL
);

-- +goose Down
DROP TABLE commands.log;
DROP TABLE commands.idempotency_keys;
