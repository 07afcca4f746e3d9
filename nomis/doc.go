// Package nomis is the only package that deals with the legacy system. It consumes three
// queues. Messages about prisoners' identities (two numbers that belong to one prisoner,
// bookings that were moved or deleted) are applied by the [Listener]. Our own domain
// events and the change events of NOMIS name pairs, for which a [Ringer] rings; nothing
// else in them is believed. [Queues] are for operators.
//
// A message is deleted only after its facts are in the log, or its pair is in the bell
// of package store. A message that cannot be read is left in the queue, whose redrive
// policy moves it to the dead-letter queue.
package nomis
