package consumer

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// ErrRefused ends Run: this consumer must not apply this log, and a retry would not
// help. The error that wraps it names what an operator can do.
var ErrRefused = errors.New("consumer refused the log")

// Poison is an event that cannot be applied, or the batch that ends with it. The
// consumer stops before it and retries slowly, because a later build may be able to
// apply it. It is never skipped: later events of the pair depend on it.
type Poison struct {
	EventID  uuid.UUID // zero when only the batch is known
	Type     string
	Stream   string
	Revision uint64
	Position eventstore.Position // of the event, or the end of the batch
	As       status.Kind         // overrides the kind of Err; "": does not
	Err      error
}

// Error names the event, or the batch when the event is not known.
func (p *Poison) Error() string {
	if p.EventID == uuid.Nil {
		return fmt.Sprintf("a batch up to position %s cannot be worked on: %v", p.Position, p.Err)
	}
	return fmt.Sprintf("event %s of type %s at position %s cannot be worked on: %v", p.EventID, p.Type, p.Position, p.Err)
}

// Unwrap returns the fault of the event.
func (p *Poison) Unwrap() error { return p.Err }

// Kind classifies the fault: an event that does not decode is CANNOT_READ, and one
// whose rows Postgres refuses is CANNOT_APPLY.
func (p *Poison) Kind() status.Kind {
	if p.As != "" {
		return p.As
	}
	switch kind := status.KindOf(p.Err); kind {
	case status.CannotApply, status.UnknownType, status.OutOfOrder:
		return kind
	default:
		return status.CannotRead
	}
}

// poisonOf makes the Poison of an event that does not decode.
func poisonOf(event eventstore.RecordedEvent, err error) *Poison {
	return &Poison{
		EventID: event.ID, Type: event.Type, Stream: event.Stream,
		Revision: event.Revision, Position: event.Position, Err: err,
	}
}

// causedByData reports whether a retry of the same batch is bound to fail: facts are
// missing from the log, or Postgres refused the values. SQLSTATE classes 22 and 23
// are data exceptions and integrity violations.
func causedByData(err error) bool {
	if errors.Is(err, eventstore.ErrNotWhole) {
		return true
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || len(refused.Code) != 5 {
		return false
	}
	class := refused.Code[:2]
	return class == "22" || class == "23"
}

// causedByRace reports whether a refusal may come from rows that another session
// wrote at the same time: one that lost its lease a moment ago, or one that creates
// the same tables. Nothing is wrong with the event then.
func causedByRace(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case "23505", "23503", "23P01": // unique, foreign key, exclusion: checked against the rows of others
		return true
	}
	return false
}
