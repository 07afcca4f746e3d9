// Package idempotency stores idempotency keys in Postgres, in the schema commands. A row
// has the command that a key belongs to, and the revision that its answer was read from.
// It holds no facts and no request bodies, so it can be lost: the service then forgets
// only which requests were repeats. See ADR 0010.
package idempotency
