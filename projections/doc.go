// Package projections builds the read model from the log, and nothing else
// writes it. Every table here is disposable: dropped, it comes back from the
// log with the same rows.
//
// The tables of version 1 lie in the schema read_1, with their own lease and
// checkpoint. The schema read holds views on the version that answers; they
// appear when that version has caught up for the first time, so that nobody
// reads an empty list by accident. One batch of events is one transaction:
// rows, checkpoint and the notification of the new position.
package projections
