// Package mappingcheck compares what the log says that NOMIS holds with what NOMIS holds,
// now or in an extract, for all pairs of both. It reads and writes nothing else. The
// comparison of one pair is audit's.
package mappingcheck
