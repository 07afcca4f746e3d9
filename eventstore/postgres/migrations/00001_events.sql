-- +goose Up

-- The log. Positions are dense and in the order of commit: append() below gives
-- them out under a lock that is released only after the commit is visible, so
-- whoever has read position n has seen everything before it.
CREATE TABLE eventstore.events (
    position    bigint      NOT NULL PRIMARY KEY CHECK (position > 0),
    stream      text        COLLATE "C" NOT NULL,
    revision    bigint      NOT NULL CHECK (revision >= 0),
    id          uuid        NOT NULL, -- not unique: see append()
    type        text        COLLATE "C" NOT NULL,
    -- bytea keeps what was written byte for byte; jsonb would reorder keys,
    -- rewrite numbers and refuse \u0000.
    data        bytea       NOT NULL,
    metadata    bytea       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The last guard, should anybody write without append().
    UNIQUE (stream, revision)
);

-- +goose StatementBegin
CREATE FUNCTION eventstore.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

-- For each statement, so that one that meets no row is refused as well.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventstore.events
    FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change();
-- Also in a session that plays replica, where ordinary triggers sleep.
ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only;

-- append writes a group of appends, no two of them to one stream.
--
-- p_streams and p_expected have one entry an append: the stream, and the revision
-- of its last event (-1: none). The other arrays have one entry an event, in
-- order: the number of its append, its place within that (both from 1), and what
-- is stored.
--
-- An append is accepted when its stream's entry in currents is what it expects;
-- accepted events lie behind head, in order. A conflict is an entry, not an
-- exception, so that it costs neighbours nothing and burns no position. Where
-- known has a number, exactly these events had been written at this revision
-- before: it is the position of the last one.
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

-- +goose Down
DROP FUNCTION eventstore.append;
DROP TABLE eventstore.events;
DROP FUNCTION eventstore.refuse_change;
