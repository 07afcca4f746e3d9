-- Made when the read model has caught up, at once and not row by row. Lists are
-- asked for by id, which the primary key sorts, and by the two times, in which
-- new lines go to the end of an index; to sort by anything else reads all lines,
-- which costs the one who asks tens of milliseconds and not every write. They
-- hold what the filters ask for.
CREATE INDEX IF NOT EXISTS by_when_created ON read_1.non_association (when_created, id) INCLUDE (expires) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_when_updated ON read_1.non_association (when_updated, id) INCLUDE (expires) WHERE NOT hidden;
ANALYZE read_1.non_association, read_1.pair (pair);
