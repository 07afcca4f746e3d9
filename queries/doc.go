// Package queries reads the read model. It only SELECTs, in transactions that cannot
// write, and it never reads the log.
//
// An answer may be a moment old. Each one carries the position that it reflects, and a
// caller may ask for a position that the answer must reflect at least. A Reader then
// waits for it, but no longer than WaitTime.
package queries
