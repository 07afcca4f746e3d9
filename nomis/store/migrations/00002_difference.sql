-- +goose Up

-- What is not the same in the two systems, and what was decided about it. One row lives
-- as long as the difference does; later it stays as a record.
CREATE TABLE nomis.difference (
    id                 uuid        PRIMARY KEY,
    version            integer     NOT NULL DEFAULT 1, -- one more with each change
    pair               text COLLATE "C" NOT NULL,
    non_association_id uuid,        -- null: only NOMIS has it
    type_sequence      integer,     -- null: NOMIS does not have it
    identity           text COLLATE "C" NOT NULL, -- within the pair: the id, else the sequence
    bucket             text        NOT NULL,
    problem            text,
    fields             jsonb       NOT NULL, -- [{"field","prisonerNumber","ours","theirs"}]
    why                text        NOT NULL,
    cause              text        NOT NULL,
    state              text        NOT NULL CHECK (state IN ('OPEN', 'HEALED', 'ACCEPTED', 'REPAIRED')),
    first_seen         timestamptz NOT NULL,
    last_seen          timestamptz NOT NULL,
    ended_at           timestamptz, -- of one that is gone
    -- The canonical details on which it was seen last; null: that side has none.
    ours               jsonb,
    theirs             jsonb,
    not_before         timestamptz, -- a write that NOMIS refused is tried again then; null: not by itself
    words              text        NOT NULL DEFAULT '', -- of NOMIS, when it refused a write
    decided_by         text,
    reason             text,
    until              date        -- of one that is accepted
);
CREATE UNIQUE INDEX difference_living ON nomis.difference (pair, identity) WHERE state IN ('OPEN', 'ACCEPTED');
CREATE INDEX difference_state ON nomis.difference (state, first_seen, id);

-- Pairs whose records would get a form back that they had before. Many at once mean that
-- NOMIS was restored from a backup. Old rows are removed.
CREATE TABLE nomis.given_back (
    pair    text COLLATE "C" PRIMARY KEY,
    at      timestamptz NOT NULL,
    records integer     NOT NULL
);

-- +goose Down
DROP TABLE nomis.given_back;
DROP TABLE nomis.difference;
