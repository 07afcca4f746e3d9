// Package rehearsal tries a build on the log of production before it is released. It
// reads every fact, folds every pair and decides every recorded command again. It says
// which facts this build cannot read, which states it folds otherwise than the read
// model that answers, and which decisions come out otherwise. It writes nothing.
//
// A decision is one append to one stream. It is decided again on the state before it,
// at its own time and with its own ids, so that the same rules give the same events.
package rehearsal
