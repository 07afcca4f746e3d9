// Package signer follows the log and signs heads of the tree over it.
//
// A Signer is a consumer of the log: of all processes one has the lease and works. It adds
// the leaves of new facts about once a second, and signs a head when the oldest fact
// without one has waited nearly Every. What is in memory can be lost at any time: the log
// gives it back.
//
// A witness gets each head afterwards, in a goroutine of its own. Nothing that it answers
// holds up a head.
package signer
