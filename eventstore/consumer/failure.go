package consumer

import (
	"errors"
	"fmt"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// ErrRefused ends Run: this follower must not work on this log, and trying
// again would not help. Wrap it in words that say what an operator can do.
var ErrRefused = errors.New("refused to follow the log")

// Poison is an event, or the batch that ends with it, that cannot be worked
// on. The line stops in front of it and is tried again slowly: a later build
// may know better.
type Poison struct {
	EventID  uuid.UUID // zero when only the batch is known
	Type     string
	Stream   string
	Revision uint64
	Position eventstore.Position // of the event, or the end of the batch
	As       status.Kind         // "": as Err says
	Err      error
}

func (p *Poison) Error() string {
	if p.EventID == uuid.Nil {
		return fmt.Sprintf("a batch up to position %s cannot be worked on: %v", p.Position, p.Err)
	}
	return fmt.Sprintf("event %s of type %s at position %s cannot be worked on: %v", p.EventID, p.Type, p.Position, p.Err)
}

func (p *Poison) Unwrap() error { return p.Err }

// Kind is why: what does not decode is CANNOT_READ, and what Postgres refuses
// CANNOT_APPLY.
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

func poisonOf(event eventstore.RecordedEvent, err error) *Poison {
	return &Poison{
		EventID: event.ID, Type: event.Type, Stream: event.Stream,
		Revision: event.Revision, Position: event.Position, Err: err,
	}
}

// causedByData reports whether trying the same again is in vain: the log lacks
// facts, or Postgres refused what it was given. Classes 22 and 23 are data and
// integrity.
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

// causedByRace reports whether a refusal may have been caused by what another
// session wrote at the same time: one whose lease was taken from it a moment ago,
// or one that makes the same tables. Nothing is wrong with the event then.
func causedByRace(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case "23505", "23503", "23P01": // unique, foreign key, exclusion: they look at the rows of others
		return true
	}
	return false
}

// delays are the pauses before a session is tried again.
type delays struct{ quick, slow *backoff.ExponentialBackOff }

func newDelays() delays {
	return delays{quick: exponential(quickest, quickMost), slow: exponential(slowest, slowMost)}
}

// A take-over after an outage must come within seconds; a poison event waits
// for people.
const (
	quickest, quickMost = 100 * msec, 3 * sec
	slowest, slowMost   = 5 * sec, 60 * sec
)

func (w delays) after(err error) *backoff.ExponentialBackOff {
	var poison *Poison
	if errors.As(err, &poison) {
		return w.slow
	}
	return w.quick
}

func (w delays) reset() {
	w.quick.Reset()
	w.slow.Reset()
}
