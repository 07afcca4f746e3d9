-- +goose Up

-- Comparisons of many pairs. A run that was cut off goes on where it was.
CREATE TABLE nomis.reconciliation (
    id              uuid        PRIMARY KEY,
    number          bigint      GENERATED ALWAYS AS IDENTITY UNIQUE, -- in the order of the requests
    scope           text        NOT NULL CHECK (scope IN ('ALL', 'TOUCHED', 'PAIRS')),
    allow_unchecked boolean     NOT NULL,
    scheduled       boolean     NOT NULL,
    requested_by    text        NOT NULL,
    requested_at    timestamptz NOT NULL,
    status          text        NOT NULL DEFAULT 'RUNNING' CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED')),
    started_at      timestamptz, -- null until a process has begun it
    ended_at        timestamptz,
    position        bigint,      -- of the last fact when it began
    listed          boolean     NOT NULL DEFAULT false, -- all of its pairs are known
    counts          jsonb       NOT NULL DEFAULT '{}', -- of the pairs that are done
    requests        bigint      NOT NULL DEFAULT 0,
    seconds         double precision NOT NULL DEFAULT 0,
    failure         text
);
CREATE INDEX reconciliation_running ON nomis.reconciliation (number) WHERE status = 'RUNNING';

-- The pairs of a run that has not ended.
CREATE TABLE nomis.reconciliation_pair (
    run   uuid    NOT NULL REFERENCES nomis.reconciliation,
    pair  text COLLATE "C" NOT NULL,
    there boolean NOT NULL, -- NOMIS lists it
    done  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run, pair)
);
CREATE INDEX reconciliation_pair_left ON nomis.reconciliation_pair (run, pair) WHERE NOT done;

-- When a message last said that NOMIS changed something of a pair. Rows that no run will
-- ask for any more are removed.
CREATE TABLE nomis.touched_pair (
    pair text COLLATE "C" PRIMARY KEY,
    at   timestamptz NOT NULL
);

-- Repairs of many differences that a person was shown, by the hash of their steps.
CREATE TABLE nomis.repair_plan (
    id         text        PRIMARY KEY,
    request    jsonb       NOT NULL,
    planned_by text        NOT NULL,
    planned_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE nomis.repair_plan;
DROP TABLE nomis.touched_pair;
DROP TABLE nomis.reconciliation_pair;
DROP TABLE nomis.reconciliation;
