// Package localaws stands in for the message service of AWS on one machine, for
// development and tests: queues over real HTTP, spoken to by the real client in
// SQS's own JSON protocol, with visibility, long polls, redrive to a dead letter
// queue, and faults on request. It checks no signatures.
package localaws
