// Package store keeps the durable tables of nomis in Postgres, in the schema nomis: the
// pairs that are due to be compared with NOMIS, what messages said of prisoners'
// identities, the brake that stops all work, copies of purged messages, who calls the
// legacy list, and the prisons that are known.
//
// None of it is bound to a log. A row says what came out of a queue or what a person
// decided, and names no position; a pair that is compared without need costs two reads.
//
// Times are those of the caller's clock. [PairLocks] let one process at a time work on
// a pair.
package store
