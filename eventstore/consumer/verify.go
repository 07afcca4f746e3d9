package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// ErrNoIdentity makes a consumer wait: a serving process gives a new log its id.
var ErrNoIdentity = errors.New("the log has no store id yet, waiting for a serving process to give it one")

// Checkpoint is what a consumer has stored of its progress, and of the log that it
// belongs to.
type Checkpoint struct {
	What  string    // names the consumer's tables in errors, as in "the read model read_1"
	Store uuid.UUID // the id of the log; zero: none yet
	At    eventstore.Position
	// EventID, Stream and Revision are of the last event applied; a zero id: none.
	EventID  uuid.UUID
	Stream   string
	Revision uint64
	// Facts is the number of events applied up to At; nil: not counted. Prefixes
	// select the streams that were consumed.
	Facts    *uint64
	Prefixes []string
}

// VerifyLog compares a checkpoint with the log: a consumer must not continue from
// another log, nor from one that was restored from an older backup. It returns the
// log's id, as far as it is known also beside an error. Errors: ErrNoIdentity, those of the store's reads, and ones that wrap
// ErrRefused and name the command that an operator can run.
func VerifyLog(ctx context.Context, store eventstore.Store, c Checkpoint) (uuid.UUID, error) {
	id, err := eventstore.ReadIdentity(ctx, store)
	if errors.Is(err, eventstore.ErrStreamNotFound) {
		if c.Store == uuid.Nil {
			return uuid.Nil, ErrNoIdentity
		}
		return uuid.Nil, fmt.Errorf("%w: %s is of log %s, but this log has no store id: is it the right one?",
			ErrRefused, c.What, c.Store)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the log's store id: %w", err)
	}
	if c.Store == uuid.Nil {
		return id, nil
	}
	if c.Store != id {
		return id, fmt.Errorf("%w: %s is of log %s, this is log %s; to take it over: nonassociations rebuild --adopt-log %s --yes",
			ErrRefused, c.What, c.Store, id, id)
	}
	if err := c.lastEventIsThere(ctx, store); err != nil {
		return id, err
	}
	return id, c.noneIsMissing(ctx, store)
}

// lastEventIsThere looks for the last applied event at its revision.
func (c Checkpoint) lastEventIsThere(ctx context.Context, store eventstore.Store) error {
	if c.EventID == uuid.Nil {
		return nil
	}
	found, err := store.ReadStream(ctx, c.Stream, eventstore.Forwards, c.Revision, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) && !errors.Is(err, eventstore.ErrStreamDeleted) {
		return fmt.Errorf("look for the last event of %s in the log: %w", c.What, err)
	}
	if len(found) == 1 && found[0].Revision == c.Revision && found[0].ID == c.EventID {
		return nil
	}
	return fmt.Errorf("%w: the last event of %s of log %s, %s at position %s, is not in this log %s; to start again from it: nonassociations rebuild --adopt-log %s --yes",
		ErrRefused, c.What, c.Store, c.EventID, c.At, c.Store, c.Store)
}

// noneIsMissing compares the number of events, where the log can count them without
// reading. Events lost from the middle of the log leave the last one in its place.
func (c Checkpoint) noneIsMissing(ctx context.Context, store eventstore.Store) error {
	counter, is := store.(eventstore.Counter)
	if !is || c.Facts == nil {
		return nil
	}
	count, known, err := counter.Count(ctx, c.At, c.Prefixes)
	if err != nil {
		return fmt.Errorf("count the events behind %s: %w", c.What, err)
	}
	if !known || count == *c.Facts {
		return nil
	}
	return fmt.Errorf("%w: %s of log %s was built from %d events up to position %s, and this log %s has %d there; to start again from it: nonassociations rebuild --adopt-log %s --yes",
		ErrRefused, c.What, c.Store, *c.Facts, c.At, c.Store, count, c.Store)
}
