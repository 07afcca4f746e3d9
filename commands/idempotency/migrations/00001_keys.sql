-- +goose Up

-- Written before the first append of a command with a key, so that a repeat
-- finds the command even when nobody lived to tell how it went.
CREATE TABLE commands.keys (
    client      text        NOT NULL,
    key         text        NOT NULL,
    request     bytea       NOT NULL, -- SHA-256 of everything that was asked
    command_id  uuid        NOT NULL,
    claimed_at  timestamptz NOT NULL, -- the service's clock
    -- From where it was answered; null while that is not known.
    pair        text,
    revision    bigint,
    position    bigint,
    answered_at timestamptz,
    PRIMARY KEY (client, key),
    CHECK (num_nulls(pair, revision, position, answered_at) IN (0, 4))
);
CREATE INDEX keys_claimed_at ON commands.keys (claimed_at);

-- The log that the keys' commands are in: one row, or none as long as there
-- has been no log.
CREATE TABLE commands.log (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    store_id uuid NOT NULL
);

-- +goose Down
DROP TABLE commands.log;
DROP TABLE commands.keys;
