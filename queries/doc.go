// Package queries answers from the read model: SELECT only, in transactions
// that cannot write, and never from the log. What it says may be a moment old;
// it says how old, by position, and waits for a position when asked to.
package queries
