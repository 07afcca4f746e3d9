-- +goose Up

-- append says when it recorded, one time for the whole group, so that the process
-- that wrote the events knows them whole. Otherwise it is as it was in 00001, and
-- processes of the build before go on with it.
DROP FUNCTION eventstore.append;

-- +goose StatementBegin
CREATE FUNCTION eventstore.append(
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

    SELECT array_agg(coalesce((SELECT max(e.revision) FROM eventstore.events e WHERE e.stream = a.stream), -1) ORDER BY a.n)
      INTO currents
      FROM unnest(p_streams) WITH ORDINALITY a(stream, n);
    SELECT coalesce(max(e.position), 0) INTO head FROM eventstore.events e;

    recorded := clock_timestamp();
    INSERT INTO eventstore.events (position, stream, revision, id, type, data, metadata, recorded_at)
    SELECT head + row_number() OVER (ORDER BY e.n), p_streams[e.append], p_expected[e.append] + e.place,
           e.id, e.type, e.data, e.metadata, recorded
      FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
           WITH ORDINALITY e(append, place, id, type, data, metadata, n)
     WHERE currents[e.append] = p_expected[e.append];
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        PERFORM pg_notify('eventstore', (head + written)::text);
    END IF;

    IF written < cardinality(p_append) THEN
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
    END IF;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION eventstore.append FROM PUBLIC;
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        GRANT EXECUTE ON FUNCTION eventstore.append TO nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION eventstore.append;

-- +goose StatementBegin
CREATE FUNCTION eventstore.append(
    p_streams text[], p_expected bigint[],
    p_append int[], p_place int[], p_ids uuid[], p_types text[], p_data bytea[], p_metadata bytea[],
    OUT head bigint, OUT currents bigint[], OUT known bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    written int;
BEGIN
    -- Each statement of a volatile function takes a fresh snapshot, hence sees
    -- all that was committed before the lock was had.
    PERFORM pg_advisory_xact_lock(7305810324571);

    SELECT array_agg(coalesce((SELECT max(e.revision) FROM eventstore.events e WHERE e.stream = a.stream), -1) ORDER BY a.n)
      INTO currents
      FROM unnest(p_streams) WITH ORDINALITY a(stream, n);
    SELECT coalesce(max(e.position), 0) INTO head FROM eventstore.events e;

    INSERT INTO eventstore.events (position, stream, revision, id, type, data, metadata)
    SELECT head + row_number() OVER (ORDER BY e.n), p_streams[e.append], p_expected[e.append] + e.place,
           e.id, e.type, e.data, e.metadata
      FROM unnest(p_append, p_place, p_ids, p_types, p_data, p_metadata)
           WITH ORDINALITY e(append, place, id, type, data, metadata, n)
     WHERE currents[e.append] = p_expected[e.append];
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        PERFORM pg_notify('eventstore', (head + written)::text);
    END IF;

    IF written < cardinality(p_append) THEN
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
    END IF;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION eventstore.append FROM PUBLIC;
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nonassociations_writer') THEN
        GRANT EXECUTE ON FUNCTION eventstore.append TO nonassociations_writer;
    END IF;
END $$;
-- +goose StatementEnd
