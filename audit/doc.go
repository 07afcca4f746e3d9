// Package audit answers from the log alone: what happened to a non-association
// or to a prisoner's, what is held about a person, and the whole log as a feed.
// Nothing that may be stale speaks here; which streams are read may come from
// elsewhere, every statement comes from the facts.
//
// An answer shows a non-association as it was on the day of the fact, so that
// the same entry reads the same for ever. The command that a fact keeps in its
// metadata stays inside.
package audit
