// Package eventstore is the port to the event log. No function of it changes or
// removes a fact.
//
// The adapters are esdb, postgres and memory. Only they import the EventStoreDB
// client or write the log's tables. One conformance suite, storetest, tests all of
// them.
//
// The port is our own because a wider one, such as go-eventually's, promises less:
// here an append with an unknown outcome can be repeated, and a subscription has no
// gap and no duplicate.
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

// Event is an event to append: an id, the type on the wire and two JSON texts.
type Event struct {
	ID       uuid.UUID
	Type     string
	Data     []byte
	Metadata []byte
}

// RecordedEvent is an event as it was read from the log.
type RecordedEvent struct {
	Event
	Stream string
	// Revision is the index of the event in its stream, from 0.
	Revision uint64
	// Position is the place of the event in the whole log. It is the zero Position when
	// the server sent none, which real servers do in reads of a stream.
	Position Position
	// RecordedAt is the time of the store's clock.
	RecordedAt time.Time
}

// Expected is the revision that the last event of a stream must have, else an append
// is a conflict. There is no "any" on purpose: it would lose updates.
type Expected int64

// NoStream is the expectation that the stream does not exist yet.
const NoStream Expected = -1

// Exactly returns the expectation that the last event of the stream has a revision.
func Exactly(revision uint64) Expected { return Expected(revision) } //nolint:gosec // revisions stay far below 2⁶³

// Append is one atomic write to one stream: all of its events are stored, or none.
type Append struct {
	Stream   string
	Expected Expected
	Events   []Event
}

// Appended is the revision and the position of the last event of an accepted append.
type Appended struct {
	Revision uint64
	Position Position
}

// Outcome is the result of one Append of an AppendMany. The others do not affect it.
type Outcome struct {
	Appended
	Err error
}

// Stream is the result for one name of a ReadMany. A stream that does not exist has
// no events and no error.
type Stream struct {
	Events []RecordedEvent
	Err    error
}

// Direction is the order in which a read returns events.
type Direction int

// The two directions.
const (
	Forwards Direction = iota
	Backwards
)

// Kind is the kind of a Message.
type Kind int

// The kinds of message that a subscription delivers.
const (
	EventAppeared Kind = iota
	Checkpoint         // every event up to Position was delivered or filtered out
	CaughtUp           // the end of the log was reached; later messages are live
)

// Message is one step of a subscription.
type Message struct {
	Kind     Kind
	Event    RecordedEvent // EventAppeared only
	Position Position      // EventAppeared and Checkpoint
}

// Store is an append-only log of streams in one global order. It is safe for
// concurrent use. All methods return soon after their context ends, even when the
// server hangs.
type Store interface {
	// Append writes the events if the stream is at the expected revision.
	//
	// A repeat of the same append (same ids, same expected revision, also a prefix of
	// it) is recognised and returns the first result. Stored ids at the revision that
	// is correct now are written a second time: no store keeps ids unique, so no two
	// events may have the same id. The position of a result is never Start. The store
	// keeps the bytes of the events: the caller must not change them.
	//
	// Errors: ErrConflict, ErrStreamDeleted, ErrTooLarge, ErrEmpty and ErrDenied mean
	// that nothing was written. ErrUnavailable and context errors leave the outcome
	// unknown: send the same append again before anything else.
	Append(ctx context.Context, append Append) (Appended, error)

	// AppendMany writes several appends, in one round trip where the store can. Each
	// has its own outcome, in the order of the argument. Two appends to one stream keep
	// their order.
	AppendMany(ctx context.Context, appends []Append) []Outcome

	// ReadStream reads at most limit events of one stream from a revision
	// (inclusive). Backwards, FromEnd begins at the last event. A stream without
	// events is ErrStreamNotFound, a tombstoned one ErrStreamDeleted. After the end
	// there are no events and no error. A fault is never returned as the end.
	ReadStream(ctx context.Context, stream string, direction Direction, from uint64, limit int) ([]RecordedEvent, error)

	// ReadMany reads several whole streams, in the order of the argument. Each has its
	// own error.
	ReadMany(ctx context.Context, streams []string) []Stream

	// ReadAll reads at most limit events of the whole log, without the store's system
	// events. Forwards it begins at the position itself, backwards before it; Start and
	// End are the two ends. Fewer than limit events mean the end.
	ReadAll(ctx context.Context, direction Direction, from Position, limit int) ([]RecordedEvent, error)

	// End returns the position of the last event of the whole log, system events
	// included; Start when there is none. It is read for this call, from the leader of
	// a cluster. A subscription may have delivered a later position: see [Reach].
	// Errors: those of ReadAll.
	End(ctx context.Context) (Position, error)

	// Subscribe delivers every event after from (exclusive) whose stream name begins
	// with one of the prefixes: in global order, without gap or duplicate, first the
	// stored ones, then CaughtUp, then live ones. No prefix means every stream but the
	// store's system streams. It calls deliver from one goroutine and waits for it.
	//
	// It always ends with an error: deliver's, the context's, or ErrUnavailable when
	// the subscription broke. Then subscribe again from the last position applied.
	Subscribe(ctx context.Context, from Position, prefixes []string, deliver func(Message) error) error

	// Close refuses new calls, and waits for those in flight until the context ends.
	Close(ctx context.Context) error
}

// Counter is implemented by stores that can count events without reading them.
type Counter interface {
	// Count returns the number of events up to a position (inclusive) in streams that
	// begin with one of the prefixes; no prefix may be the beginning of another. known
	// is false when the store would have to read the log for it. Errors: those of a
	// read.
	Count(ctx context.Context, upTo Position, prefixes []string) (count uint64, known bool, err error)
}

// HasPrefix reports whether the name of a stream begins with one of the prefixes.
// Without prefixes it returns true.
func HasPrefix(stream string, prefixes []string) bool {
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(stream, prefix) })
}

// FromEnd is the revision at which a backwards read of a stream begins at its last
// event.
const FromEnd = ^uint64(0)

// Limits of one append. They are below that of EventStoreDB (1 MiB in all): when the
// server refuses by size, the client loses the reason, so a store refuses before it
// sends.
const (
	MaxAppendBytes  = 900 << 10 // sum of data, metadata and types
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

// Check reports an append that every store refuses: ErrEmpty or ErrTooLarge. Stores
// call it before they send anything.
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
