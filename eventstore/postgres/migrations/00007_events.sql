-- +goose Up

-- Builds before the first release had migrations 1 to 6. This one replaces them, and
-- also finds a log of such a build: the table is the same in all of them, and its facts
-- stay.

-- The log. Positions are dense and in the order of commit: append() below assigns
-- them under a lock that is released only after the commit is visible. A reader
-- that has read position n has therefore read everything before it.
CREATE TABLE IF NOT EXISTS eventstore.events (
    position    bigint      NOT NULL PRIMARY KEY CHECK (position > 0),
    stream      text        COLLATE "C" NOT NULL,
    revision    bigint      NOT NULL CHECK (revision >= 0),
    id          uuid        NOT NULL, -- not unique: see append()
    type        text        COLLATE "C" NOT NULL,
    -- bytea keeps the bytes as written; jsonb would reorder keys, rewrite numbers
    -- and refuse \u0000.
    data        bytea       NOT NULL,
    metadata    bytea       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The last guard against a write that bypasses append().
    UNIQUE (stream, revision)
);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION eventstore.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

-- For each statement, so that one that matches no row is refused as well.
DROP TRIGGER IF EXISTS append_only ON eventstore.events;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventstore.events
    FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change();
-- ALWAYS: with session_replication_role = replica, ordinary triggers do not fire.
ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only;

-- append writes a group of appends, no two of them to one stream.
--
-- p_streams and p_expected have one entry per append: the stream, and the revision
-- of its last event (-1: none). The other arrays have one entry per event, in
-- order: the number of its append, its place within that (both from 1), and what
-- is stored.
--
-- An append is accepted when its stream's entry in currents equals its expected
-- revision; accepted events follow head, in order. A conflict is an entry, not an
-- exception, so that it does not fail its neighbours and uses no position. An entry
-- of known is set when exactly these events had been written at this revision
-- before: it is the position of the last one. recorded is the time of the group.
--
-- p_announce is false for a caller that tells other processes of the group itself, soon.
--
-- The function runs with the rights of its owner, so that the writer's role needs
-- no INSERT. No session adds to the log past the lock, the order of positions and
-- the expected revision.
DROP FUNCTION IF EXISTS eventstore.append;
-- +goose StatementBegin
CREATE FUNCTION eventstore.append(
    p_streams text[], p_expected bigint[],
    p_append int[], p_place int[], p_ids uuid[], p_types text[], p_data bytea[], p_metadata bytea[],
    p_announce boolean DEFAULT true,
    OUT head bigint, OUT currents bigint[], OUT known bigint[], OUT recorded timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- One event alone, as a quiet service writes, is looked up and inserted without sets:
    -- that takes half the time. Equal arrays have equal subscripts too.
    alone   boolean := p_append = '{1}' AND p_place = '{1}'
        AND 1 = ALL(ARRAY[cardinality(p_streams), cardinality(p_expected), cardinality(p_ids), cardinality(p_types),
            cardinality(p_data), cardinality(p_metadata)]);
    written int;
BEGIN
    -- An acknowledged append is on disk, whatever the session's setting.
    IF current_setting('synchronous_commit') <> 'on' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- A snapshot taken before the lock would miss what other sessions committed.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append needs the isolation level read committed'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- A stream has no gaps. Most appends are of one event.
    IF NOT 1 = ALL(p_place) AND EXISTS (
        SELECT FROM unnest(p_append, p_place) e(append, place)
         GROUP BY e.append HAVING min(e.place) <> 1 OR max(e.place) <> count(*)) THEN
        RAISE EXCEPTION 'the events of an append are numbered 1, 2, 3 …'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- Each statement of a volatile function takes a new snapshot, so it sees all
    -- that was committed before the lock was acquired.
    PERFORM pg_advisory_xact_lock(7305810324571);

    -- Most larger groups begin streams: one lookup shows that none of them exists.
    IF alone THEN
        SELECT ARRAY[coalesce(max(e.revision), -1)] INTO currents FROM eventstore.events e WHERE e.stream = p_streams[1];
    ELSIF -1 = ALL(p_expected) AND NOT EXISTS (SELECT FROM eventstore.events e WHERE e.stream = ANY(p_streams)) THEN
        currents := p_expected;
    ELSE
        SELECT array_agg(coalesce((SELECT max(e.revision) FROM eventstore.events e WHERE e.stream = a.stream), -1) ORDER BY a.n)
          INTO currents
          FROM unnest(p_streams) WITH ORDINALITY a(stream, n);
    END IF;
    SELECT coalesce(max(e.position), 0) INTO head FROM eventstore.events e;

    IF currents <> p_expected THEN
        alone := false;
        SELECT array_agg(w.last ORDER BY a.n)
          INTO known
          FROM unnest(p_streams, p_expected, currents) WITH ORDINALITY a(stream, expected, current, n)
          LEFT JOIN LATERAL (
               SELECT CASE WHEN count(*) = count(e.position) THEN max(e.position) END AS last
                 FROM unnest(p_append, p_place, p_ids) s(append, place, id)
                 LEFT JOIN eventstore.events e
                   ON e.stream = a.stream AND e.revision = a.expected + s.place AND e.id = s.id
                WHERE s.append = a.n AND a.expected < a.current
          ) w ON true;

        -- A refused append takes no position.
        SELECT array_agg(e.append ORDER BY e.n), array_agg(e.place ORDER BY e.n), array_agg(e.id ORDER BY e.n),
               array_agg(e.type ORDER BY e.n), array_agg(e.data ORDER BY e.n), array_agg(e.metadata ORDER BY e.n)
          INTO p_append, p_place, p_ids, p_types, p_data, p_metadata
          FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
               WITH ORDINALITY e(append, place, id, type, data, metadata, n)
         WHERE currents[e.append] = p_expected[e.append];
    END IF;

    recorded := clock_timestamp();
    IF alone THEN
        INSERT INTO eventstore.events (position, stream, revision, id, type, data, metadata, recorded_at)
        VALUES (head + 1, p_streams[1], p_expected[1] + 1, p_ids[1], p_types[1], p_data[1], p_metadata[1], recorded);
    ELSE
        INSERT INTO eventstore.events (position, stream, revision, id, type, data, metadata, recorded_at)
        SELECT head + e.n, p_streams[e.append], p_expected[e.append] + e.place, e.id, e.type, e.data, e.metadata, recorded
          FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
               WITH ORDINALITY e(append, place, id, type, data, metadata, n);
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 AND p_announce THEN
        PERFORM pg_notify('eventstore', (head + written)::text);
    END IF;
END $$;
-- +goose StatementEnd

-- Append-only by rights too: the writer's role and its members can add and read,
-- and nothing else. The trigger holds for the owner as well.
REVOKE ALL ON eventstore.events FROM PUBLIC;
REVOKE ALL ON FUNCTION eventstore.append FROM PUBLIC;

-- +goose StatementBegin
DO $$
BEGIN
    -- On a managed Postgres the login may not create roles; an operator does then
    -- (deploy/postgres/roles.sql).
    IF (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        CREATE ROLE nonassociations_writer NOLOGIN;
    END IF;
EXCEPTION
    -- Roles belong to the server: a migration of another of its databases may have
    -- created this one, even at the same moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        GRANT USAGE ON SCHEMA eventstore TO nonassociations_writer;
        REVOKE INSERT ON eventstore.events FROM nonassociations_writer;
        GRANT SELECT ON eventstore.events TO nonassociations_writer;
        GRANT EXECUTE ON FUNCTION eventstore.append TO nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
-- Privileges on a dropped object go with it; that on the schema does not.
DROP FUNCTION eventstore.append;
DROP TABLE eventstore.events;
DROP FUNCTION eventstore.refuse_change;
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        REVOKE ALL ON SCHEMA eventstore FROM nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd
