-- Made when the read model has caught up, at once and not row by row. Lists are
-- walked by id, which the primary key sorts, and by what has changed, where new
-- lines go to the end of the index. To sort by anything else reads all lines,
-- which costs the one who asks tens of milliseconds and not every write. Both
-- hold what the filters ask for.
CREATE INDEX IF NOT EXISTS by_when_updated ON read_1.non_association (when_updated, id) INCLUDE (expires) WHERE NOT hidden;
ANALYZE read_1.non_association, read_1.pair (pair);
