-- +goose Up

-- The bell: pairs that are due to be compared with NOMIS. A message, the clock or a
-- person rings. The row goes when a turn found nothing left to do and nothing rang
-- meanwhile.
CREATE TABLE nomis.due_pair (
    pair       text COLLATE "C" PRIMARY KEY, -- A0135GA_A9109UD
    version    uuid        NOT NULL, -- a new one with each ring
    first_ring timestamptz NOT NULL,
    last_ring  timestamptz NOT NULL,
    not_before timestamptz NOT NULL, -- of the next turn
    tries      integer     NOT NULL DEFAULT 0, -- failed turns in a row
    -- Why the last turn failed; null when it did not.
    problem    text,
    why        text,
    causes     jsonb       NOT NULL, -- [{"kind","id","text"}], the latest ones, oldest first
    -- When a message came that deleted a sequence in NOMIS: {"1": time}.
    deletions  jsonb       NOT NULL,
    CHECK (num_nulls(problem, why) IN (0, 2))
);
CREATE INDEX due_pair_not_before ON nomis.due_pair (not_before, pair);

-- Each receipt of a message about the identity of a prisoner, by prisoner. It is
-- evidence: rows that NOMIS lacks after such a message were not deleted by its staff.
CREATE TABLE nomis.prisoner_message (
    prisoner    text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    message_id  text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('merge', 'booking-moved', 'booking-deleted')),
    PRIMARY KEY (prisoner, received_at, message_id)
);

-- The brake stops every turn, in all processes. It is on while a row is not released;
-- released ones stay as a record.
CREATE TABLE nomis.brake (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since         timestamptz NOT NULL,
    why           text        NOT NULL,
    released_at   timestamptz,
    released_from text        CHECK (released_from IN ('DPS', 'NOMIS')), -- which system is right
    reason        text,
    released_by   text,
    CHECK (num_nulls(released_at, released_from, reason, released_by) IN (0, 4))
);
CREATE UNIQUE INDEX brake_on ON nomis.brake ((true)) WHERE released_at IS NULL;

-- Copies of messages that an operator removed from a queue.
CREATE TABLE nomis.purged_message (
    queue      text        NOT NULL,
    message_id text        NOT NULL,
    purged_at  timestamptz NOT NULL,
    body       text        NOT NULL,
    attributes jsonb       NOT NULL, -- of the message: {"name": {"type", "value"}}
    reason     text        NOT NULL,
    purged_by  text        NOT NULL,
    PRIMARY KEY (queue, message_id, purged_at)
);

-- +goose Down
DROP TABLE nomis.purged_message;
DROP TABLE nomis.brake;
DROP TABLE nomis.prisoner_message;
DROP TABLE nomis.due_pair;
