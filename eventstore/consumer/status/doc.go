// Package status stores the state of each consumer of the log in Postgres: one row
// of consumer.status, which can be read when the consumer's process is dead.
//
// The package also defines the closed set of kinds that every fault is reduced to
// before it is shown or stored. The text of an error may hold addresses, names and
// comments, so it goes to no row, answer or metric.
package status
