// Package localaws stands in for the message services of AWS on one machine, for
// development and tests, over real HTTP and spoken to by the real clients. Queues
// speak SQS's JSON protocol, with visibility, long polls and redrive to a dead
// letter queue; topics speak SNS's Query protocol, standard and FIFO, and deliver
// to the queues here, raw or in an envelope, through filter policies. Faults come
// on request: down, slow, throttling, single entries of a batch, lost answers. It
// checks no signatures.
package localaws
