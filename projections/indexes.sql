-- Made when the read model has caught up, at once and not row by row. A prisoner's
-- lines are found by either number; the list of all is walked by id, which the
-- primary key sorts, or by what has changed, where new lines go to the end of the
-- index. To sort it by anything else reads all lines, which costs the one who asks
-- tens of milliseconds and not every write. The pairs of a prisoner are found in the
-- primary key where the number comes first in the name of the pair, and by the second
-- half of the name where it comes second; the name itself lies beside it, so that the
-- rows with their long states are not read.
-- A read model that was made before an index was thought of gets it when its projector
-- starts: projections/indexes.go reads the names from here.
CREATE INDEX IF NOT EXISTS by_first_number ON read_1.non_association (first_number) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_second_number ON read_1.non_association (second_number) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_when_updated ON read_1.non_association (when_updated, id) INCLUDE (expires) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_second_of_pair ON read_1.pair ("right"(pair, 7), pair);
ANALYZE read_1.non_association, read_1.pair (pair);
