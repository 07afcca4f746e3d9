// Package idempotency holds idempotency keys in Postgres, in the schema commands: what
// command a caller's key stands for, and from where it was answered. It holds
// no fact and no body; without it the record loses nothing but the knowledge
// which request was a repeat.
package idempotency
