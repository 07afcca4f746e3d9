-- +goose Up

-- Runs of the migration of NOMIS's stock of old data. One at a time is at work.
CREATE TABLE nomis.migration (
    id           uuid        PRIMARY KEY,
    label        text        NOT NULL, -- the start in London, 2026-12-01T10:15:00
    status       text        NOT NULL CHECK (status IN ('STARTED', 'COMPLETED', 'CANCELLED_REQUESTED', 'CANCELLED')),
    dry_run      boolean     NOT NULL,
    filter       jsonb       NOT NULL, -- as it was asked for: {} is everything
    requested_by text        NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    estimated    integer     NOT NULL DEFAULT 0, -- pairs; 0 until NOMIS has said how many
    sweeps       integer     NOT NULL DEFAULT 0, -- whole ones
    listed       boolean     NOT NULL DEFAULT false, -- all pairs of the run have a row
    requests     bigint      NOT NULL DEFAULT 0, -- to NOMIS
    CHECK ((ended_at IS NULL) = (status IN ('STARTED', 'CANCELLED_REQUESTED')))
);
CREATE UNIQUE INDEX migration_at_work ON nomis.migration ((true)) WHERE ended_at IS NULL;
CREATE INDEX migration_started_at ON nomis.migration (started_at);

-- The pairs of a run. NOMIS may list two texts that are no pair: they are kept as they
-- are. All counts are derived from these rows.
CREATE TABLE nomis.migration_pair (
    migration_id uuid    NOT NULL REFERENCES nomis.migration,
    one          text    COLLATE "C" NOT NULL, -- the lower number
    other        text    COLLATE "C" NOT NULL,
    outcome      text    CHECK (outcome IN ('failed', 'unreadable', 'created', 'amended', 'ignored', 'unchanged')), -- null: not yet
    cause        text,
    why          text,
    created      integer NOT NULL DEFAULT 0, -- details of NOMIS
    amended      integer NOT NULL DEFAULT 0,
    unchanged    integer NOT NULL DEFAULT 0,
    ignored      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (migration_id, one, other),
    CHECK ((outcome IN ('failed', 'unreadable')) = (cause IS NOT NULL AND why IS NOT NULL))
);
CREATE INDEX migration_pair_pending ON nomis.migration_pair (migration_id, one, other) WHERE outcome IS NULL;
CREATE INDEX migration_pair_failure ON nomis.migration_pair (migration_id, cause, one, other) WHERE cause IS NOT NULL;

-- +goose Down
DROP TABLE nomis.migration_pair;
DROP TABLE nomis.migration;
