-- Made when the read model has caught up, at once and not row by row. A prisoner's
-- lines are found by either number; the list of all is walked by id, which the
-- primary key sorts, or by what has changed, where new lines go to the end of the
-- index. To sort it by anything else reads all lines, which costs the one who asks
-- tens of milliseconds and not every write.
CREATE INDEX IF NOT EXISTS by_first_number ON read_1.non_association (first_number) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_second_number ON read_1.non_association (second_number) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_when_updated ON read_1.non_association (when_updated, id) INCLUDE (expires) WHERE NOT hidden;
ANALYZE read_1.non_association, read_1.pair (pair);
