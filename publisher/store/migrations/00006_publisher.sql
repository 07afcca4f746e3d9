-- +goose Up

-- Builds before the first release had these names; none of them was deployed.
DROP TABLE IF EXISTS publisher.parked, publisher.bookmark;

-- How far the publisher of a topic is. Every fact up to here was acknowledged by
-- SNS, has no message, or is parked.
CREATE TABLE publisher.checkpoint (
    topic          text        PRIMARY KEY,
    store_id       uuid        NOT NULL, -- of the log
    "commit"       bigint      NOT NULL,
    prepare        bigint      NOT NULL,
    -- The last fact at or before that place; null before the first.
    event_id       uuid,
    event_stream   text,
    event_revision bigint,
    -- How many facts there are up to here.
    facts          bigint,
    CHECK (num_nulls(event_id, event_stream, event_revision) IN (0, 3))
);

-- Messages that the checkpoint passes although SNS has not taken them.
--   refused: SNS calls the message invalid. An operator decides.
--   failing: the message fails by itself. It is retried with growing pauses.
--   blocked: it comes after one of these in the order of its pair.
--   skipped: an operator decided that it is never sent.
CREATE TABLE publisher.parked (
    topic      text        NOT NULL,
    event_id   uuid        NOT NULL,
    pairs      text[]      NOT NULL, -- its own first; two for a transfer
    revision   bigint      NOT NULL, -- in the stream of its own pair
    "commit"   bigint      NOT NULL,
    prepare    bigint      NOT NULL,
    state      text        NOT NULL CHECK (state IN ('refused', 'failing', 'blocked', 'skipped')),
    -- The code of SNS, and never its words, which quote the message; for a skipped
    -- message the operator's reason; '' for one that is only blocked.
    reason     text        NOT NULL,
    attempts   integer     NOT NULL, -- to send it, without success
    parked_at  timestamptz NOT NULL, -- the service's clock
    changed_at timestamptz NOT NULL,
    -- Of an operator, until the publisher has acknowledged it.
    request    text        CHECK (request IN ('retry', 'skip')),
    PRIMARY KEY (topic, event_id),
    CHECK (cardinality(pairs) IN (1, 2))
);
CREATE INDEX parked_request ON publisher.parked (topic) WHERE request IS NOT NULL;

-- +goose Down
DROP TABLE publisher.parked;
DROP TABLE publisher.checkpoint;
