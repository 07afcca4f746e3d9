// Package statecache returns the state of a pair before any fact of the log. The feed
// and the publisher need it: they read the whole log, and report for each fact what
// it has changed.
//
// Both caches are least-recently-used, limited by the number of non-associations, and
// read a state that they do not hold from the log. They are not golang-lru's, which
// limits the number of entries: one pair may weigh as much as a thousand others.
package statecache
