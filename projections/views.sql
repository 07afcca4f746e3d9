CREATE SCHEMA IF NOT EXISTS read;
-- The views on the generation that answers. The last event is shown too: a process that only reads compares it with the
-- log.
CREATE OR REPLACE VIEW read.checkpoint AS
  SELECT {generation} AS version, store_id, "commit", prepare, event_id, event_stream, event_revision, facts, trail
  FROM {schema}.checkpoint;
CREATE OR REPLACE VIEW read.non_association AS
  SELECT id, pair, first_number, second_number, when_created, when_updated, expires, deleted,
    type_sequence, differs_since, delivered_at, delivered_revision, shortened
  FROM {schema}.non_association;
CREATE OR REPLACE VIEW read.prisoner AS SELECT prisoner_number, document FROM {schema}.prisoner;
CREATE OR REPLACE VIEW read.pair AS SELECT pair, state FROM {schema}.pair;
CREATE OR REPLACE VIEW read.mapping AS
  SELECT id, pair, type_sequence, mapping_type, correlation, position, since, until FROM {schema}.mapping;
CREATE OR REPLACE VIEW read.merge AS SELECT removed, survivor, position, taken_back FROM {schema}.merge;
CREATE OR REPLACE VIEW read.fact_index AS SELECT "commit", prepare, day, actor, source, pair FROM {schema}.fact_index;
