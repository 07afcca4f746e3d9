// Package publisher consumes the event log and publishes its facts to SNS. Each
// topic has its own publisher, and each publisher its own lease.
//
// It only goes forward: the same fact always gives the same message with the same
// id ([nonassociations/publisher/message]), and nothing is ever rebuilt.
//
// The pipeline holds the deliveries between the log and SNS. Deliveries of
// different pairs are sent in parallel. Of one pair at most one is in flight, in
// the order of the log. A transfer belongs to two pairs: it waits for both and
// holds both up.
//
// The checkpoint advances, without a gap, over messages that SNS acknowledged or
// that are parked ([nonassociations/publisher/store]). Delivery is at least once:
// a kill, a lost answer, or a stalled session that notices late that it lost its
// lease can send a message again. Subscribers recognise it by eventId.
//
// A fault of the whole topic is retried for ever. A message that SNS refuses as
// invalid, or that fails by itself while SNS takes others, is parked. What comes
// after it in its pairs is parked behind it.
//
// The pipeline is own code: the algorithm is that of a commit position with gaps,
// for which no Go library is known, and the order of pairs goes through it.
package publisher
