// Package store has the durable tables of the pages in Postgres: sessions, sign-ins that
// have begun, forms that were kept, and the views of the audit.
//
// What would let a stranger act as a user is never stored in the clear: cookies are
// stored as their SHA-256, tokens and typed fields are encrypted.
package store
