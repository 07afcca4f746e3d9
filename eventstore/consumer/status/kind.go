package status

import (
	"context"
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Kind is what an error means to an operator: one of the closed set below, and
// all of an error that may be shown or kept.
type Kind string

// The kinds: those of an event that cannot be worked on, those that pass by
// themselves, and those that wait for an operator. Their words are shown and stored:
// never change one.
const (
	CannotApply    Kind = "CANNOT_APPLY" // Postgres refuses its rows
	CannotRead     Kind = "CANNOT_READ"  // its data or metadata does not decode
	UnknownType    Kind = "UNKNOWN_TYPE" // this build does not know its type
	OutOfOrder     Kind = "OUT_OF_ORDER" // a revision is missing or comes twice
	PostgresAway   Kind = "POSTGRES_AWAY"
	EventStoreAway Kind = "EVENT_STORE_AWAY"
	NetworkAway    Kind = "NETWORK_AWAY" // another party: SNS, SQS
	TimedOut       Kind = "TIMED_OUT"
	PostgresDenied Kind = "POSTGRES_DENIED"
	LogChanged     Kind = "LOG_CHANGED" // another log, or one that was put back
	TopicDenied    Kind = "TOPIC_DENIED"
	TopicMissing   Kind = "TOPIC_MISSING"
	TopicThrottled Kind = "TOPIC_THROTTLED"
	MessageRefused Kind = "MESSAGE_REFUSED"
	Other          Kind = "OTHER"
)

// kinded is an error that knows its kind.
type kinded interface {
	error
	Kind() Kind
}

// KindOf reduces an error to its kind; "" is that of nil. It is the only way from
// an error into an answer, a row or a metric.
func KindOf(err error) Kind {
	var (
		known   kinded
		refused *pgconn.PgError
		connect *pgconn.ConnectError
		network net.Error
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &known):
		return known.Kind()
	case errors.As(err, new(domain.ErrUnknownType)):
		return UnknownType
	case errors.As(err, new(*eventstore.Mismatch)):
		return LogChanged
	case errors.As(err, &refused):
		return kindOfCode(refused.Code)
	case errors.As(err, &connect):
		return PostgresAway
	case errors.Is(err, eventstore.ErrUnavailable):
		return EventStoreAway
	case errors.Is(err, eventstore.ErrNotWhole):
		return OutOfOrder
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	case errors.As(err, &network):
		return NetworkAway
	}
	return Other
}

// kindOfCode is what a code of Postgres means.
func kindOfCode(code string) Kind {
	if code == "42501" {
		return PostgresDenied
	}
	if len(code) != 5 {
		return Other
	}
	switch code[:2] {
	case "22", "23": // data, integrity
		return CannotApply
	case "28": // who may log in
		return PostgresDenied
	case "08", "53", "57", "58": // connection, resources, an operator's stop, the system
		return PostgresAway
	}
	return Other
}

// Category is a kind as the row of a consumer and its metrics know it.
type Category string

// The categories. AWAY is shown while it lasts, and not kept.
const (
	Away Category = "AWAY"
)

// Categories are all that there are.
func Categories() []Category {
	return []Category{Category(CannotApply), Category(CannotRead), Category(UnknownType), Category(OutOfOrder), Category(Other), Away}
}

// Category is which of the categories a kind belongs to; "" is that of "".
func (k Kind) Category() Category {
	switch k {
	case "", CannotApply, CannotRead, UnknownType, OutOfOrder:
		return Category(k)
	case PostgresAway, EventStoreAway, NetworkAway, TimedOut, TopicThrottled:
		return Away
	default:
		return Category(Other)
	}
}
