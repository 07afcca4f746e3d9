-- +goose Up

-- How far a topic has been told: everything up to here was acknowledged by SNS,
-- told nobody anything, or lies on the desk.
CREATE TABLE publisher.bookmark (
    topic          text        PRIMARY KEY,
    store_id       uuid        NOT NULL,
    "commit"       bigint      NOT NULL,
    prepare        bigint      NOT NULL,
    -- The last fact at or before that place; null before the first.
    event_id       uuid,
    event_stream   text,
    event_revision bigint,
    CHECK (num_nulls(event_id, event_stream, event_revision) IN (0, 3))
);

-- Facts that are not told yet though the bookmark may pass them.
CREATE TABLE publisher.parked (
    topic      text        NOT NULL,
    event_id   uuid        NOT NULL,
    pairs      text[]      NOT NULL, -- its own first; two for a renumbering
    revision   bigint      NOT NULL, -- in the stream of its own pair
    "commit"   bigint      NOT NULL,
    prepare    bigint      NOT NULL,
    state      text        NOT NULL CHECK (state IN ('refused', 'held', 'dropped')),
    reason     text        NOT NULL, -- of SNS, or for dropping; '' when it only waits
    refusals   integer     NOT NULL,
    parked_at  timestamptz NOT NULL, -- the service's clock
    changed_at timestamptz NOT NULL,
    wish       text        CHECK (wish IN ('retry', 'drop')), -- of an operator, until the publisher has heard it
    PRIMARY KEY (topic, event_id),
    CHECK (cardinality(pairs) IN (1, 2))
);
CREATE INDEX parked_wish ON publisher.parked (topic) WHERE wish IS NOT NULL;

-- +goose Down
DROP TABLE publisher.parked;
DROP TABLE publisher.bookmark;
