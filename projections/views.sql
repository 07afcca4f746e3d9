CREATE SCHEMA IF NOT EXISTS read;
-- The last event is shown too: who serves asks whether it is in the log.
CREATE OR REPLACE VIEW read.checkpoint AS
  SELECT 1 AS version, store_id, "commit", prepare, event_id, event_stream, event_revision, facts, trail
  FROM read_1.checkpoint;
CREATE OR REPLACE VIEW read.non_association AS 
  SELECT id, pair, first_number, second_number, when_created, when_updated, expires, hidden FROM read_1.non_association;
CREATE OR REPLACE VIEW read.prisoner AS SELECT prisoner_number, document FROM read_1.prisoner;
CREATE OR REPLACE VIEW read.pair AS SELECT pair, state FROM read_1.pair;
CREATE OR REPLACE VIEW read.merge AS SELECT removed, survivor, position, taken_back FROM read_1.merge;
