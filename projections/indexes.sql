-- Made when the read model has caught up, at once and not row by row. Each way
-- to sort has its own, which holds what the filters ask for; by id the primary
-- key does it.
CREATE INDEX IF NOT EXISTS by_first_number ON read_1.non_association (first_number, id) INCLUDE (expires) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_second_number ON read_1.non_association (second_number, id) INCLUDE (expires) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_when_created ON read_1.non_association (when_created, id) INCLUDE (expires) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_when_updated ON read_1.non_association (when_updated, id) INCLUDE (expires) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS by_expires ON read_1.non_association (expires, id) WHERE NOT hidden;
ANALYZE read_1.non_association, read_1.pair (pair);
