package publisher

import (
	"time"

	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

// Status is a snapshot of a publisher for health and metrics. Numbers of parked
// messages and the position are known to the leader only, and zero elsewhere.
type Status struct {
	Topic    message.Topic
	Leader   bool                // this process publishes
	Waiting  bool                // another process does
	Position eventstore.Position // everything up to here is delivered or parked; of the leader only
	InFlight int                 // facts between the log and SNS
	Lag      time.Duration       // age of the oldest of them
	Refused  int                 // parked messages that SNS calls invalid: each waits for an operator
	Failing  int                 // parked messages that fail by themselves, and are retried
	Blocked  int                 // parked messages that come after those in their pairs
	Skipped  int                 // messages that an operator decided never to send
	Counts
	// Fault is the last fault of SNS, the log or Postgres since a message was
	// delivered; nil while all is well.
	Fault error
}

// Counts are totals since the process began to publish.
type Counts struct {
	Delivered uint64 // messages that SNS has acknowledged
	Faults    uint64 // sendings of a message that failed, refusals apart
	Refusals  uint64 // messages that SNS refused as invalid
}

// plus adds the totals of another session.
func (c Counts) plus(d Counts) Counts {
	return Counts{c.Delivered + d.Delivered, c.Faults + d.Faults, c.Refusals + d.Refusals}
}
