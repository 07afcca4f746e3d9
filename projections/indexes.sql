-- Created at once when the read model has caught up, which is cheaper than row by row.
-- The records of a prisoner are found by either number. The list of all records is read by
-- id, which the primary key sorts, or by the time of the last change, where new rows go to
-- the end of the index. Sorting by anything else reads all rows: that costs a rare request
-- tens of milliseconds, where an index would cost every write.
-- The pairs of a prisoner are found in the primary key where the number comes first in the
-- name of the pair, and by the second half of the name where it comes second. That index
-- holds the name too, so that the rows with their long states are not read.
-- A read model that is older than an index gets it when its projector starts: indexes.go
-- reads the names from here.
CREATE INDEX IF NOT EXISTS by_first_number ON {schema}.non_association (first_number) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS by_second_number ON {schema}.non_association (second_number) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS by_when_updated ON {schema}.non_association (when_updated, id) INCLUDE (expires) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS by_second_of_pair ON {schema}.pair ("right"(pair, 7), pair);
-- Few records differ from what NOMIS holds, so the index of those is small.
CREATE INDEX IF NOT EXISTS by_differs_since ON {schema}.non_association (differs_since) WHERE differs_since IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_type_sequence ON {schema}.mapping (pair, type_sequence) WHERE until IS NULL;
CREATE INDEX IF NOT EXISTS by_migration ON {schema}.mapping (correlation, position) WHERE mapping_type = 'MIGRATED' AND until IS NULL;
-- The last condition is always true. A page of one migration does not state it, and is therefore never looked for in
-- this index, through all of them.
CREATE INDEX IF NOT EXISTS by_migrated_position ON {schema}.mapping (position) WHERE mapping_type = 'MIGRATED' AND until IS NULL AND position > 0;
-- Facts are found by either number of their pair or by the day, newest first.
CREATE INDEX IF NOT EXISTS facts_by_first ON {schema}.fact_index ("left"(pair, 7), "commit", prepare) WHERE pair IS NOT NULL;
CREATE INDEX IF NOT EXISTS facts_by_second ON {schema}.fact_index ("right"(pair, 7), "commit", prepare) WHERE pair IS NOT NULL;
CREATE INDEX IF NOT EXISTS facts_by_day ON {schema}.fact_index (day, "commit", prepare);
ANALYZE {schema}.non_association, {schema}.pair (pair), {schema}.mapping, {schema}.fact_index;
