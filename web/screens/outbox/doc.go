// Package outbox brings the views of the pages to the estate's audit queue, each at least
// once. A view is written to its table with the page; this package sends what is there and
// marks it afterwards. Who is killed in between leaves the view unmarked, and it is sent
// again: the queue may get a message twice, and never none.
package outbox
