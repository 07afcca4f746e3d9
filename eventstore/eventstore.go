// Package eventstore is the port to the log of facts. Nothing in it can change
// or remove a fact; its adapters are the only importers of a database driver
// or of the EventStoreDB client, and one suite, storetest, holds them all to
// the same answers.
package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Event is what is appended: an id, the type on the wire and two JSON texts.
type Event struct {
	ID       uuid.UUID
	Type     string
	Data     []byte
	Metadata []byte
}

// RecordedEvent is an event as the log holds it.
type RecordedEvent struct {
	Event
	Stream     string
	Revision   uint64    // place in its stream, from 0
	Position   Position  // place in the whole log; the zero Position when the server sent none
	RecordedAt time.Time // the store's clock
}

// Expected is the revision that the last event of a stream must have for an
// append to be accepted; there is no "any" on purpose.
type Expected int64

// NoStream expects that the stream does not exist yet.
const NoStream Expected = -1

// Exactly expects that the last event of the stream has this revision.
func Exactly(revision uint64) Expected { return Expected(revision) } //nolint:gosec // revisions stay far below 2⁶³

// Append is one atomic write to one stream: all events or none.
type Append struct {
	Stream   string
	Expected Expected
	Events   []Event
}

// Appended says where the last event of an accepted append lies.
type Appended struct {
	Revision uint64
	Position Position
}

// Outcome is the answer to one Append of an AppendMany; neighbours do not
// share it.
type Outcome struct {
	Appended
	Err error
}

// Stream is the answer to one name of a ReadMany. A stream that does not exist
// is no error here: it has no events.
type Stream struct {
	Events []RecordedEvent
	Err    error
}

// Direction is the way of a read.
type Direction int

// The two directions.
const (
	Forwards Direction = iota
	Backwards
)

// Kind tells what a Message carries.
type Kind int

// The kinds of message that a subscription delivers.
const (
	EventAppeared Kind = iota
	Checkpoint         // everything up to Position has been looked at
	CaughtUp           // the end of the log was reached; later messages are live
)

// Message is one step of a subscription.
type Message struct {
	Kind     Kind
	Event    RecordedEvent // EventAppeared only
	Position Position      // EventAppeared and Checkpoint
}

// Store is an append-only log of streams in one global order. All methods
// return soon after their context ends, whatever the server does.
type Store interface {
	// Append writes the events when the stream is where it is expected to be.
	//
	// The same append again (same ids, same expected revision, also a prefix of
	// it) is recognised and answers as the first time. Known ids at the revision
	// that is correct now are written a second time: no store keeps ids unique,
	// so no two events may be given one. The position of an answer is never
	// Start. The bytes of the events are the store's from then on. Errors: ErrConflict,
	// ErrStreamDeleted, ErrTooLarge and ErrEmpty, for which nothing was written,
	// ErrDenied; ErrUnavailable and context errors leave the outcome unknown:
	// send the same append again before anything else.
	Append(ctx context.Context, append Append) (Appended, error)

	// AppendMany writes several streams in one round trip where the store can,
	// each with its own outcome, in the order of the argument.
	AppendMany(ctx context.Context, appends []Append) []Outcome

	// ReadStream reads at most limit events of one stream from a revision
	// (inclusive). Backwards, FromEnd begins at the last event. A stream without
	// events is ErrStreamNotFound, a tombstoned one ErrStreamDeleted. Beyond the
	// end there are no events and no error. A fault never looks like the end.
	ReadStream(ctx context.Context, stream string, direction Direction, from uint64, limit int) ([]RecordedEvent, error)

	// ReadMany reads several streams whole, in the order of the argument.
	ReadMany(ctx context.Context, streams []string) []Stream

	// ReadAll reads at most limit events of the whole log, the store's own
	// left out. Forwards it begins at the position itself, backwards before it;
	// Start and End are the two ends. Fewer than limit events mean the end.
	ReadAll(ctx context.Context, direction Direction, from Position, limit int) ([]RecordedEvent, error)

	// End is the position of the last event of the whole log, the store's own
	// included; Start when there is none. It is read for this call, from the
	// leader where the store has one. A subscription may have named a place
	// behind it: see [Reach]. Errors: those of ReadAll.
	End(ctx context.Context) (Position, error)

	// Subscribe delivers every event behind from (exclusive) whose stream name
	// begins with one of the prefixes, in global order, without gap or
	// duplicate, first those that are there, then CaughtUp, then live ones. No
	// prefix means every stream but the store's own. It calls deliver from
	// one goroutine, waits for it, and returns its error, the context's, or
	// ErrUnavailable when the subscription broke: then subscribe again from the
	// last position that was worked on.
	Subscribe(ctx context.Context, from Position, prefixes []string, deliver func(Message) error) error

	// Close waits for calls in flight until the context ends.
	Close(ctx context.Context) error
}

// Counter is a Store that may count without reading: one whose positions are
// dense.
type Counter interface {
	// Count is how many events up to a position (inclusive) are in streams that
	// begin with one of the prefixes, of which none is the beginning of another.
	// known is false where that cannot be told without reading the log. Errors:
	// those of a read.
	Count(ctx context.Context, upTo Position, prefixes []string) (count uint64, known bool, err error)
}

// Begins reports whether the name of a stream begins with one of the prefixes;
// every name does when there are none.
func Begins(stream string, prefixes []string) bool {
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(stream, prefix) })
}

// FromEnd begins a backwards read of a stream at its last event.
const FromEnd = ^uint64(0)

// Limits of one append, below those of EventStoreDB (1 MiB in all), whose
// refusal loses its reason on the way: a store refuses before it sends.
const (
	MaxAppendBytes  = 900 << 10 // sum over data, metadata and types
	MaxAppendEvents = 1000
)

// The errors of the port, for errors.Is.
var (
	ErrConflict       = errors.New("the stream is not at the expected revision")
	ErrStreamNotFound = errors.New("stream not found")
	ErrStreamDeleted  = errors.New("stream was deleted for ever")
	ErrTooLarge       = errors.New("append is too large")
	ErrEmpty          = errors.New("append has no events")
	ErrDenied         = errors.New("the event store denies the right")
	ErrUnavailable    = errors.New("event store unavailable")
)

// Check refuses what no store would take, before anything is sent.
func (a Append) Check() error {
	if len(a.Events) == 0 {
		return ErrEmpty
	}
	size := 0
	for _, event := range a.Events {
		size += len(event.Data) + len(event.Metadata) + len(event.Type)
	}
	if size > MaxAppendBytes || len(a.Events) > MaxAppendEvents {
		return fmt.Errorf("%w: %d events of %d bytes in all, at most %d of %d",
			ErrTooLarge, len(a.Events), size, MaxAppendEvents, MaxAppendBytes)
	}
	return nil
}
