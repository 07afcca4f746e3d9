CREATE SCHEMA read_1;

-- One row: where the projection is, and in which log.
CREATE TABLE read_1.checkpoint (
  name           text PRIMARY KEY,
  store_id       uuid NOT NULL,
  "commit"       bigint NOT NULL DEFAULT 0,
  prepare        bigint NOT NULL DEFAULT 0,
  -- the last event of ours that was worked on: it must be in the log
  event_id       uuid,
  event_stream   text,
  event_revision bigint,
  -- how many events of ours were worked on, and the running hash of their ids
  facts          bigint NOT NULL DEFAULT 0,
  trail          bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  caught_up      boolean NOT NULL DEFAULT false -- once true, true for as long as the table lives
);

-- The folded state of a pair, how many facts led to it, and for each of its non-associations the position of the
-- event that opened it.
CREATE TABLE read_1.pair (
  pair      text COLLATE "C" PRIMARY KEY,
  state     text NOT NULL, -- JSON; a column of type json would read it again with every write
  facts     bigint NOT NULL,
  positions bigint[] NOT NULL
);

-- A line for each non-association, by which it is found, filtered and sorted;
-- what it says is in the state of its pair.
CREATE TABLE read_1.non_association (
  id            uuid NOT NULL,
  pair          text COLLATE "C" NOT NULL,
  first_number  text COLLATE "C" NOT NULL,
  second_number text COLLATE "C" NOT NULL,
  when_created  text COLLATE "C" NOT NULL, -- in London
  when_updated  text COLLATE "C" NOT NULL, -- in UTC
  expires       text COLLATE "C" NOT NULL, -- in London; 'never' sorts behind every date
  hidden        boolean NOT NULL,          -- deleted
  PRIMARY KEY (id) INCLUDE (expires, hidden) -- sorts by id too, with what the filters ask for
);

-- The whole answer to GET, ready; entries is the projection's own: a line for each item of the document.
CREATE TABLE read_1.prisoner (
  prisoner_number text COLLATE "C" PRIMARY KEY,
  document        text NOT NULL,
  entries         text NOT NULL
);

-- A row for each merge of prisoner numbers. Of a number it is the last that was not taken back that counts.
CREATE TABLE read_1.merge (
  message    uuid PRIMARY KEY, -- command id of the fact
  removed    text COLLATE "C" NOT NULL,
  survivor   text COLLATE "C" NOT NULL,
  position   bigint NOT NULL,
  taken_back boolean NOT NULL DEFAULT false
);
CREATE INDEX by_removed ON read_1.merge (removed, position);
CREATE INDEX by_survivor ON read_1.merge (survivor);

-- Moves the checkpoint from the place that the caller believes in, or stops the transaction.
CREATE FUNCTION read_1.move_checkpoint(
  p_name text, p_store uuid, p_commit_was bigint, p_prepare_was bigint, p_commit bigint, p_prepare bigint,
  p_event uuid, p_stream text, p_revision bigint, p_outside bigint, p_facts bigint, p_trail bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE read_1.checkpoint SET "commit" = p_commit, prepare = p_prepare,
    event_id = coalesce(p_event, event_id), event_stream = coalesce(p_stream, event_stream),
    event_revision = coalesce(p_revision, event_revision), facts = p_facts, trail = p_trail
  WHERE name = p_name AND store_id = p_store AND "commit" = p_commit_was AND prepare = p_prepare_was;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the checkpoint is not where this projector left it: another one is at work' USING ERRCODE = 'RD001';
  END IF;
  PERFORM pg_notify('read', '1 ' || p_outside);
END $$;
