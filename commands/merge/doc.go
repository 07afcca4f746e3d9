// Package merge is the process manager for a prisoner merge or a booking move: the
// non-associations of one number are transferred to another number.
//
// A transfer needs appends in two streams, which no store can do atomically. It is
// therefore a saga without stored progress: each step reads from the log what is
// missing and appends it. The process may stop between any two appends. A message that
// is delivered again completes the rest.
//
// A record is appended to the new stream first and removed from the old one second. A
// reader may see it twice for a moment and never misses it.
//
// An unmerge is the compensating action. It appends new facts and removes none.
package merge
