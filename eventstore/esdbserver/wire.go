package esdbserver

import (
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"nonassociations/eventstore"
)

// toProto converts an event to the message of the protocol. An event without a position
// has the protocol's value for none in each of the three places.
func toProto(event eventstore.RecordedEvent) *streams.ReadResp {
	most, least := esdb.UUIDAsInt64(event.ID)
	commit, prepare := event.Position.Commit, event.Position.Prepare
	if event.Position == (eventstore.Position{}) {
		commit, prepare = none, none
	}
	read := &streams.ReadResp_ReadEvent{Event: &streams.ReadResp_ReadEvent_RecordedEvent{
		Id: &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
			MostSignificantBits: most, LeastSignificantBits: least,
		}}},
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(event.Stream)},
		StreamRevision:   event.Revision,
		CommitPosition:   commit,
		PreparePosition:  prepare,
		Metadata: map[string]string{
			"type":         event.Type,
			"content-type": "application/json",
			// In 100 ns since 1970. Without it the client ends its process.
			"created": strconv.FormatInt(event.RecordedAt.UnixNano()/100, 10),
		},
		CustomMetadata: event.Metadata,
		Data:           event.Data,
	}}
	read.Position = &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: commit}
	if commit == none {
		read.Position = &streams.ReadResp_ReadEvent_NoPosition{NoPosition: &shared.Empty{}}
	}
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: read}}
}

// confirmation is the first message of a subscription. The client returns from its call
// to subscribe when it arrives.
func confirmation(id string) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: id},
	}}
}

// checkpoint is the message with a position up to which everything was filtered or
// sent.
func checkpoint(place eventstore.Position) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: place.Commit, PreparePosition: place.Prepare},
	}}
}

// caughtUp is the message that the end of the log was reached.
func caughtUp() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}}
}
