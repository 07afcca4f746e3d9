// Package store keeps in Postgres, beyond any crash, how far each topic has been
// told, and which facts are parked meanwhile: what SNS refused as invalid, what
// fails by itself, and what stands behind these in the order of a pair. A fact is
// kept by name only; what it says is read from the log again.
//
// All writes of a running publisher go through the session that holds its
// lease, and only while the checkpoint is where that session left it.
package store
