-- +goose Up

-- append runs with the rights of its owner, so that the writer's role needs none
-- to INSERT: nobody adds to the log past the lock, the order of positions and the
-- expected revision. Otherwise it is as it was in 00004, and processes of the
-- build before go on with it.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION eventstore.append(
    p_streams text[], p_expected bigint[],
    p_append int[], p_place int[], p_ids uuid[], p_types text[], p_data bytea[], p_metadata bytea[],
    OUT head bigint, OUT currents bigint[], OUT known bigint[], OUT recorded timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written int;
BEGIN
    -- What append answers is on the disk, whatever the session was told.
    IF current_setting('synchronous_commit') <> 'on' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- A snapshot from before the lock was had would not show what others wrote.
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

    -- Each statement of a volatile function takes a fresh snapshot, hence sees
    -- all that was committed before the lock was had.
    PERFORM pg_advisory_xact_lock(7305810324571);

    IF -1 = ALL(p_expected) AND NOT EXISTS (SELECT FROM eventstore.events e WHERE e.stream = ANY(p_streams)) THEN
        currents := p_expected;
    ELSE
        SELECT array_agg(coalesce((SELECT max(e.revision) FROM eventstore.events e WHERE e.stream = a.stream), -1) ORDER BY a.n)
          INTO currents
          FROM unnest(p_streams) WITH ORDINALITY a(stream, n);
    END IF;
    SELECT coalesce(max(e.position), 0) INTO head FROM eventstore.events e;

    IF currents <> p_expected THEN
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

        -- What is refused takes no position.
        SELECT array_agg(e.append ORDER BY e.n), array_agg(e.place ORDER BY e.n), array_agg(e.id ORDER BY e.n),
               array_agg(e.type ORDER BY e.n), array_agg(e.data ORDER BY e.n), array_agg(e.metadata ORDER BY e.n)
          INTO p_append, p_place, p_ids, p_types, p_data, p_metadata
          FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
               WITH ORDINALITY e(append, place, id, type, data, metadata, n)
         WHERE currents[e.append] = p_expected[e.append];
    END IF;

    recorded := clock_timestamp();
    INSERT INTO eventstore.events (position, stream, revision, id, type, data, metadata, recorded_at)
    SELECT head + e.n, p_streams[e.append], p_expected[e.append] + e.place, e.id, e.type, e.data, e.metadata, recorded
      FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
           WITH ORDINALITY e(append, place, id, type, data, metadata, n);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        PERFORM pg_notify('eventstore', (head + written)::text);
    END IF;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION eventstore.append FROM PUBLIC;
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        REVOKE INSERT ON eventstore.events FROM nonassociations_writer;
        GRANT EXECUTE ON FUNCTION eventstore.append TO nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION eventstore.append(
    p_streams text[], p_expected bigint[],
    p_append int[], p_place int[], p_ids uuid[], p_types text[], p_data bytea[], p_metadata bytea[],
    OUT head bigint, OUT currents bigint[], OUT known bigint[], OUT recorded timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    written int;
BEGIN
    -- Each statement of a volatile function takes a fresh snapshot, hence sees
    -- all that was committed before the lock was had.
    PERFORM pg_advisory_xact_lock(7305810324571);

    IF -1 = ALL(p_expected) AND NOT EXISTS (SELECT FROM eventstore.events e WHERE e.stream = ANY(p_streams)) THEN
        currents := p_expected;
    ELSE
        SELECT array_agg(coalesce((SELECT max(e.revision) FROM eventstore.events e WHERE e.stream = a.stream), -1) ORDER BY a.n)
          INTO currents
          FROM unnest(p_streams) WITH ORDINALITY a(stream, n);
    END IF;
    SELECT coalesce(max(e.position), 0) INTO head FROM eventstore.events e;

    IF currents <> p_expected THEN
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

        -- What is refused takes no position.
        SELECT array_agg(e.append ORDER BY e.n), array_agg(e.place ORDER BY e.n), array_agg(e.id ORDER BY e.n),
               array_agg(e.type ORDER BY e.n), array_agg(e.data ORDER BY e.n), array_agg(e.metadata ORDER BY e.n)
          INTO p_append, p_place, p_ids, p_types, p_data, p_metadata
          FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
               WITH ORDINALITY e(append, place, id, type, data, metadata, n)
         WHERE currents[e.append] = p_expected[e.append];
    END IF;

    recorded := clock_timestamp();
    INSERT INTO eventstore.events (position, stream, revision, id, type, data, metadata, recorded_at)
    SELECT head + e.n, p_streams[e.append], p_expected[e.append] + e.place, e.id, e.type, e.data, e.metadata, recorded
      FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
           WITH ORDINALITY e(append, place, id, type, data, metadata, n);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        PERFORM pg_notify('eventstore', (head + written)::text);
    END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        GRANT INSERT ON eventstore.events TO nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd
