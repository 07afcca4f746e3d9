// Package status keeps in Postgres how each consumer of the log is doing: a row
// of consumer.status that can be read when the consumer's process is dead. It also
// has the closed set of kinds that every fault is reduced to before it is shown or
// kept, since the text of an error may hold addresses, names and comments.
package status
