// Package merge is the process that follows a prisoner merge or a booking move:
// non-associations of one number go to another. A move takes several appends in
// two streams, so it is written as a saga that can be cut off between any two of
// them: a message that is delivered again completes what is missing, and reads
// what is missing from the log alone.
//
// Every record of a pair is at each moment in the old stream, in both, or in the
// new one. A record arrives first and leaves second.
package merge
