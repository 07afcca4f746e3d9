// Package statecache says what a pair was before any fact of the log, for whoever
// goes through the whole log and tells what each fact changed: the feed and
// the publisher. It remembers the pairs that were told last, up to a limit,
// and reads the others from the log.
package statecache
