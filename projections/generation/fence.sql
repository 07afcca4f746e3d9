-- The fence: moves the checkpoint, or ends the transaction if it is not where the caller left it. The notification
-- says which generation has moved, and to which public position; it is sent with the commit.
-- A generation that is kept moves for `rebuild --back` alone, which says so in its session. A
-- projector that has read rows before some of them were renewed begins again.
CREATE OR REPLACE FUNCTION {schema}.move_checkpoint(
  p_name text, p_store uuid, p_prev_commit bigint, p_prev_prepare bigint, p_commit bigint, p_prepare bigint,
  p_event uuid, p_stream text, p_revision bigint, p_position bigint, p_facts bigint, p_trail bytea,
  p_renewals bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE {schema}.checkpoint SET "commit" = p_commit, prepare = p_prepare,
    event_id = coalesce(p_event, event_id), event_stream = coalesce(p_stream, event_stream),
    event_revision = coalesce(p_revision, event_revision), facts = p_facts, trail = p_trail
  WHERE name = p_name AND store_id = p_store AND "commit" = p_prev_commit AND prepare = p_prev_prepare
    AND (p_renewals IS NULL OR renewals = p_renewals)
    AND (NOT kept OR current_setting('nonassociations.back', true) = 'on');
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM {schema}.checkpoint WHERE name = p_name AND kept) THEN
      RAISE EXCEPTION 'another generation answers: this one is kept as it is' USING ERRCODE = 'RD002';
    END IF;
    RAISE EXCEPTION 'the checkpoint is not where this projector left it: another one is at work' USING ERRCODE = 'RD001';
  END IF;
  PERFORM pg_notify('read', '{generation} ' || p_position);
END $$;
-- For a process of an older build, which knows of no renewals.
CREATE OR REPLACE FUNCTION {schema}.move_checkpoint(
  p_name text, p_store uuid, p_prev_commit bigint, p_prev_prepare bigint, p_commit bigint, p_prepare bigint,
  p_event uuid, p_stream text, p_revision bigint, p_position bigint, p_facts bigint, p_trail bytea) RETURNS void LANGUAGE sql AS $$
  SELECT {schema}.move_checkpoint(p_name, p_store, p_prev_commit, p_prev_prepare, p_commit, p_prepare, p_event, p_stream, p_revision,
    p_position, p_facts, p_trail, NULL::bigint)
$$;
