-- +goose Up
-- What operators did: a row for each act, added when it has ended. Rows are neither changed nor removed.
CREATE TABLE evidence.action (
  id         uuid PRIMARY KEY,
  at         timestamptz NOT NULL,
  user_name  text COLLATE "C" NOT NULL CHECK (user_name <> ''),
  action     text COLLATE "C" NOT NULL CHECK (action <> ''),
  object     text NOT NULL, -- what it was done to; '' for nothing in particular
  reason     text NOT NULL, -- '' where none was given
  outcome    text COLLATE "C" NOT NULL CHECK (outcome IN ('DONE', 'REFUSED', 'FAILED')),
  request_id text NOT NULL  -- of the page or the call; '' on the command line
);
CREATE INDEX action_by_at ON evidence.action (at, id);
CREATE INDEX action_by_user ON evidence.action (user_name, at, id);
-- The owner keeps the right to change rows, so a trigger refuses it to everybody.
-- +goose StatementBegin
CREATE FUNCTION evidence.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what operators did is neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER action_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.action
  FOR EACH STATEMENT EXECUTE FUNCTION evidence.refuse_change();

-- +goose Down
DROP TABLE evidence.action;
DROP FUNCTION evidence.refuse_change();
