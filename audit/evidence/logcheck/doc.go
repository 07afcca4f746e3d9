// Package logcheck compares the log with the leaves, heads and cosignatures that were kept of
// it, in one pass, and names what is wrong. It opens no store: it reads what it is given.
//
// Leaves and facts are compared by event id, both in their order. While they are equal a
// comparison is one of bytes, and nothing is remembered. What is remembered grows with what
// differs, up to a bound, and not with the log.
//
// Three things run beside each other: the log is read, its facts are hashed, and the kept
// leaves are read and hashed into the tree that is compared with the heads.
package logcheck
