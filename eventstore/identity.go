package eventstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// The log carries its own id, in the first event of a stream for it. Read models,
// checkpoints and key tables store that id and refuse the log of another.
const (
	identityStream = "app-meta"
	identityType   = "app.store-identified.v1"
)

// storeIdentified is the data of that event.
type storeIdentified struct {
	StoreID uuid.UUID `json:"storeId"`
}

// ReadIdentity returns the id of the log. Errors: ErrStreamNotFound when the log has
// none yet, and those of a read.
func ReadIdentity(ctx context.Context, store Store) (uuid.UUID, error) {
	events, err := store.ReadStream(ctx, identityStream, Forwards, 0, 1)
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the log's id: %w", err)
	}
	// A stream that begins with anything else was cut off, or is of another program.
	if len(events) == 0 || events[0].Type != identityType {
		return uuid.Nil, fmt.Errorf("read the log's id: stream %s does not begin with %s", identityStream, identityType)
	}
	var fact storeIdentified
	if err := unmarshal(events[0].Data, &fact); err != nil {
		return uuid.Nil, fmt.Errorf("read the log's id: %w", err)
	}
	if fact.StoreID == uuid.Nil {
		return uuid.Nil, errors.New("read the log's id: it is empty")
	}
	return fact.StoreID, nil
}

// Identity returns the event that gives a log its id, without place and time. Its own id is
// derived from the log's, so that a repeat is recognised.
func Identity(id uuid.UUID) (RecordedEvent, error) {
	data, err := json.Marshal(storeIdentified{StoreID: id})
	if err != nil {
		return RecordedEvent{}, fmt.Errorf("write the log's id: %w", err)
	}
	return RecordedEvent{Stream: identityStream, Event: Event{
		ID: uuid.NewSHA1(id, []byte(identityType)), Type: identityType, Data: data, Metadata: []byte("{}"),
	}}, nil
}

// WriteIdentity gives the log an id unless it has one, and returns the id that it has
// then: of two concurrent calls, both return the winner's. After ErrUnavailable or a
// context error the same call can be repeated.
func WriteIdentity(ctx context.Context, store Store, id uuid.UUID) (uuid.UUID, error) {
	first, err := Identity(id)
	if err != nil {
		return uuid.Nil, err
	}
	_, err = store.Append(ctx, Append{Stream: first.Stream, Expected: NoStream, Events: []Event{first.Event}})
	if errors.Is(err, ErrConflict) {
		return ReadIdentity(ctx, store)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("write the log's id: %w", err)
	}
	return id, nil
}
