// Package localaws is a stand-in for SQS and SNS on one machine, for development and
// tests. It serves real HTTP to the real AWS clients and checks no signatures.
//
// Queues implement SQS's JSON protocol with visibility timeouts, long polls and redrive
// to a dead-letter queue. Topics, standard and FIFO, implement SNS's Query protocol.
// They deliver to the queues here, raw or in an envelope, through filter policies.
//
// Options inject faults: unavailable, slow, throttled, single entries of a batch, lost
// responses.
package localaws
