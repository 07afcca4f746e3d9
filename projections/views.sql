CREATE SCHEMA IF NOT EXISTS read;
CREATE OR REPLACE VIEW read.checkpoint AS SELECT 1 AS version, store_id, "commit", prepare FROM read_1.checkpoint;
CREATE OR REPLACE VIEW read.non_association AS SELECT id, pair FROM read_1.non_association;
CREATE OR REPLACE VIEW read.prisoner AS SELECT prisoner_number, document FROM read_1.prisoner;
CREATE OR REPLACE VIEW read.pair AS SELECT pair FROM read_1.pair;
