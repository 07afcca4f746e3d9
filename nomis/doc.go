// Package nomis is the only package that deals with the legacy system. It consumes the
// messages about prisoners' identities from an SQS queue: two numbers that belong to
// one prisoner (a merge), and bookings that were moved from one prisoner to another.
//
// A message is deleted only after its facts are in the log. A message that cannot be
// read is left in the queue, whose redrive policy moves it to the dead-letter queue.
package nomis
