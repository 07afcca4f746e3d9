package esdb

import (
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"nonassociations/eventstore"
)

// batchRequest makes the one message of an append. It fits: an append has at most
// MaxAppendBytes.
func batchRequest(wanted eventstore.Append, family, id int64, options *streams.BatchAppendReq_Options) *streams.BatchAppendReq {
	options.StreamIdentifier = &shared.StreamIdentifier{StreamName: []byte(wanted.Stream)}
	if wanted.Expected == eventstore.NoStream {
		options.ExpectedStreamPosition = noStream
	} else {
		options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: uint64(wanted.Expected)} //nolint:gosec // the port knows none and exact only
	}
	return &streams.BatchAppendReq{
		CorrelationId:    structured(family, id),
		Options:          options,
		ProposedMessages: proposedInBatch(wanted.Events),
		IsFinal:          true,
	}
}

// noStream is the expectation of a new stream. No message is changed once it is made.
var noStream = &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}}

// proposedInBatch converts events for BatchAppend.
func proposedInBatch(events []eventstore.Event) []*streams.BatchAppendReq_ProposedMessage {
	messages := make([]*streams.BatchAppendReq_ProposedMessage, len(events))
	for i, event := range events {
		messages[i] = &streams.BatchAppendReq_ProposedMessage{
			Id:             structured(esdb.UUIDAsInt64(event.ID)),
			Metadata:       map[string]string{"type": event.Type, "content-type": "application/json"},
			CustomMetadata: event.Metadata,
			Data:           event.Data,
		}
	}
	return messages
}

// structured makes an id of its two halves.
func structured(most, least int64) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits: most, LeastSignificantBits: least,
	}}}
}

// deadline returns options with the deadline of an attempt. An older server takes a time
// of day, and would refuse every append when its clock is ahead of ours. It gets no
// deadline, and applies its own.
func (b *batchSession) deadline(limit time.Duration) *streams.BatchAppendReq_Options {
	if !b.durations {
		return &streams.BatchAppendReq_Options{}
	}
	return &streams.BatchAppendReq_Options{DeadlineOption: &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(limit)}}
}

// newFamily returns the first half of the correlation ids of a call.
func newFamily() int64 {
	most, _ := esdb.UUIDAsInt64(uuid.New())
	return most
}
