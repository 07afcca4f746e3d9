// Package message maps a fact of the log to its SNS messages: a domain event for
// every subscriber, unless the fact is private, and an entry of the history
// topic for reconciliation.
//
// The mapping is pure. The same fact gives the same messages for ever, with the
// same EventID; only publishedAt differs between two sendings. docs/events shows
// what is on the wire, and is written from here by
//
//	go test ./publisher/message -run TestDocuments_areFresh -update
package message
