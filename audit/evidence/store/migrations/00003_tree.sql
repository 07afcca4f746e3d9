-- +goose Up
-- The tree over our facts. Leaves, nodes, heads and cosignatures are neither changed nor removed.
CREATE TABLE evidence.leaf (
  index            bigint PRIMARY KEY CHECK (index >= 0), -- place in the tree, without gaps
  event_id         uuid NOT NULL,
  commit_position  bigint NOT NULL, -- of the fact in the log, when the leaf was made
  prepare_position bigint NOT NULL,
  text             text COLLATE "C" NOT NULL CHECK (octet_length(text) BETWEEN 1 AND 512)
);
CREATE INDEX leaf_by_event ON evidence.leaf (event_id);
-- Roots of full subtrees of 256^level leaves: what tiles above level 0 are made of.
CREATE TABLE evidence.node (
  level smallint NOT NULL CHECK (level > 0),
  n     bigint NOT NULL CHECK (n >= 0),
  hash  bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (level, n)
);
CREATE TABLE evidence.head (
  size      bigint PRIMARY KEY CHECK (size > 0),
  note      text COLLATE "C" NOT NULL, -- a signed C2SP checkpoint
  signed_at timestamptz NOT NULL       -- by the signer's clock, never before that of a smaller head
);
CREATE TABLE evidence.cosignature (
  size      bigint NOT NULL REFERENCES evidence.head,
  note_line text COLLATE "C" NOT NULL,
  at        timestamptz NOT NULL, -- the witness's word
  PRIMARY KEY (size, note_line)
);
-- How far the tree is, and of which log it is: one row, whose size fences two signers.
CREATE TABLE evidence.tree (
  one              boolean PRIMARY KEY DEFAULT true CHECK (one),
  log_id           uuid NOT NULL, -- no store_id: serving roles need not read this table
  size             bigint NOT NULL CHECK (size >= 0),
  commit_position  bigint NOT NULL, -- every fact up to here has its leaf
  prepare_position bigint NOT NULL,
  event_id         uuid NOT NULL,   -- of the last leaf; zero before the first
  stream           text COLLATE "C" NOT NULL,
  revision         bigint NOT NULL
);
-- How often the witness refused a head, by the status of its answer.
CREATE TABLE evidence.refusal (
  status   int PRIMARY KEY,
  count    bigint NOT NULL CHECK (count > 0),
  first_at timestamptz NOT NULL,
  last_at  timestamptz NOT NULL,
  size     bigint NOT NULL -- of the last head that was refused
);
-- What the checks of the night found.
CREATE TABLE evidence."check" (
  "check"   text COLLATE "C" NOT NULL CHECK ("check" IN ('readModel', 'log')),
  at        timestamptz NOT NULL,
  ok        boolean NOT NULL,
  result    jsonb NOT NULL,
  head_size bigint, -- of the head that was good; null where none was looked at
  PRIMARY KEY ("check", at)
);
-- +goose StatementBegin
CREATE FUNCTION evidence.refuse_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'evidence.% is neither changed nor removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER leaf_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.leaf FOR EACH STATEMENT EXECUTE FUNCTION evidence.refuse_forgetting();
CREATE TRIGGER node_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.node FOR EACH STATEMENT EXECUTE FUNCTION evidence.refuse_forgetting();
CREATE TRIGGER head_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.head FOR EACH STATEMENT EXECUTE FUNCTION evidence.refuse_forgetting();
CREATE TRIGGER cosignature_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence.cosignature FOR EACH STATEMENT EXECUTE FUNCTION evidence.refuse_forgetting();

-- +goose Down
DROP TABLE evidence."check", evidence.refusal, evidence.tree, evidence.cosignature, evidence.head, evidence.node, evidence.leaf;
DROP FUNCTION evidence.refuse_forgetting();
