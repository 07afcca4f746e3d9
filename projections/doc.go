// Package projections builds the read model from the event log. It is the only
// package that writes the read tables.
//
// Every table here is disposable: one that is dropped is built again from the log,
// with the same rows.
//
// The read model exists in generations. Generation n has its tables in the schema
// read_<n>, with its own lease and checkpoint. The schema read holds views on the
// generation that answers. The views appear when that generation has caught up with
// the log for the first time, so that no reader takes a half-built list for an empty
// one.
//
// One batch of events is one transaction: rows, checkpoint and the notification of
// the new position are committed together or not at all.
package projections
