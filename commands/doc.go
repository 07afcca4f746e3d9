// Package commands is the only package that may append a fact.
//
// One visible loop carries every write: load the facts of a pair, fold them,
// decide, append at the expected revision. A pair that NOMIS tells of for the
// first time in this process is guessed to be new instead of loaded. A conflict
// means that another writer was quicker: load and decide again. An unknown
// outcome means that the very same append is sent again, with the same ids at
// the same revision, before anything else. Both go on until the time of the
// request is over. A fault stays with its pair: the others of a request go on.
package commands
