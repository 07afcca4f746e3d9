-- The tables of one generation of the read model. {schema} stands for the name of its schema, {generation} for its
-- number: Number.SQL fills them in.
CREATE SCHEMA {schema};

-- One row: the position up to which the read model is built, and the log that the position belongs to.
CREATE TABLE {schema}.checkpoint (
  name           text PRIMARY KEY,
  store_id       uuid NOT NULL,
  "commit"       bigint NOT NULL DEFAULT 0,
  prepare        bigint NOT NULL DEFAULT 0,
  -- the last of our events that was applied: it must be in the log
  event_id       uuid,
  event_stream   text,
  event_revision bigint,
  -- how many of our events were applied, and the running hash of their ids
  facts          bigint NOT NULL DEFAULT 0,
  trail          bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  caught_up      boolean NOT NULL DEFAULT false, -- never becomes false again
  shape          int NOT NULL DEFAULT 1, -- of the build that wrote the tables
  answers        boolean NOT NULL DEFAULT false, -- the views are on this generation
  kept           boolean NOT NULL DEFAULT false, -- it answered before a flip
  renewals       bigint NOT NULL DEFAULT 0 -- how often single rows were renewed
);

-- The folded state of a pair, how many facts led to it, and for each of its non-associations the position of the
-- event that opened it, and where it stands with NOMIS.
CREATE TABLE {schema}.pair (
  pair      text COLLATE "C" PRIMARY KEY,
  state     text NOT NULL, -- JSON; a column of type json would be parsed again with every write
  facts     bigint NOT NULL,
  positions bigint[] NOT NULL,
  standings text NOT NULL -- JSON, in the order of the state's items
);

-- One row for each non-association, by which it is found, filtered and sorted. Its content is in the state of its pair.
CREATE TABLE {schema}.non_association (
  id            uuid NOT NULL,
  pair          text COLLATE "C" NOT NULL,
  first_number  text COLLATE "C" NOT NULL,
  second_number text COLLATE "C" NOT NULL,
  when_created  text COLLATE "C" NOT NULL, -- in London
  when_updated  text COLLATE "C" NOT NULL, -- in UTC
  expires       text COLLATE "C" NOT NULL, -- in London; 'never' sorts after every date
  deleted       boolean NOT NULL,
  -- Delivery to NOMIS: the sequence by which NOMIS knows the record, since when the two differ, when NOMIS was last
  -- known to hold it and which revision that was, and whether a text is longer than NOMIS can hold.
  type_sequence      smallint,
  differs_since      timestamptz,
  delivered_at       timestamptz,
  delivered_revision bigint,
  shortened          boolean NOT NULL DEFAULT false,
  PRIMARY KEY (id) INCLUDE (expires, deleted) -- sorts by id, and holds what the filters compare
);

-- The whole answer to GET. entries is for the projector alone: one line for each item of the document (document.go).
CREATE TABLE {schema}.prisoner (
  prisoner_number text COLLATE "C" PRIMARY KEY,
  document        text NOT NULL,
  entries         text NOT NULL
);

-- One row for each time in which NOMIS knew a non-association by a sequence. until is null while it does: then the
-- record is mapped.
CREATE TABLE {schema}.mapping (
  id            uuid NOT NULL, -- of the non-association
  pair          text COLLATE "C" NOT NULL,
  type_sequence smallint NOT NULL,
  mapping_type  text COLLATE "C" NOT NULL,
  correlation   uuid NOT NULL, -- of the fact; of a migration it is the id of the run
  position      bigint NOT NULL, -- of the fact
  since         timestamptz NOT NULL,
  until         timestamptz,
  PRIMARY KEY (id, position)
);

-- One row for each merge of prisoner numbers. For a number, the last merge that was not taken back counts.
CREATE TABLE {schema}.merge (
  message    uuid PRIMARY KEY, -- command id of the fact
  removed    text COLLATE "C" NOT NULL,
  survivor   text COLLATE "C" NOT NULL,
  position   bigint NOT NULL,
  taken_back boolean NOT NULL DEFAULT false
);
CREATE INDEX by_removed ON {schema}.merge (removed, position);
CREATE INDEX by_survivor ON {schema}.merge (survivor);

-- One row for each fact, by which facts are found. What they say is in the log alone.
CREATE TABLE {schema}.fact_index (
  "commit" bigint NOT NULL, -- the two parts of the position
  prepare  bigint NOT NULL,
  day      date NOT NULL, -- in London, on which it was recorded
  actor    text COLLATE "C" NOT NULL,
  source   text COLLATE "C" NOT NULL,
  pair     text COLLATE "C", -- the two numbers that it is about, sorted; null for a fact of the switch-over
  PRIMARY KEY ("commit", prepare)
);
