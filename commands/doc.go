// Package commands is the only package that may append a fact.
//
// One loop carries every write: load the facts of a pair, fold them, decide, append at
// the expected revision. This is optimistic concurrency: no lock is held in the store.
//
//   - A pair that this process has not used before is assumed to be new when NOMIS
//     sends it. It is decided without a load, and a conflict corrects a wrong guess.
//   - A conflict means that another writer appended first. The loop loads and decides
//     again.
//   - An unknown outcome, such as a lost connection, means that the append may have
//     succeeded. The loop sends the same append again, with the same event ids at the
//     same revision, before it does anything else. The store recognises a repeat.
//
// The loop retries with backoff until the time of the request is over. A fault ends the
// command on its own pair only, and the other pairs of the request go on.
//
// Package commands/merge builds on the same store but has its own loop, because a merge
// appends to two streams.
package commands
