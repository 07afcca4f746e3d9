package status

import (
	"context"
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Kind is what an error means to an operator. It is one of the closed set below, and
// the only part of an error that may be shown or stored.
type Kind string

// The kinds: those of an event that cannot be applied, those that pass by
// themselves, and those that wait for an operator. The values are shown and stored:
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
	LogChanged     Kind = "LOG_CHANGED" // another log, or a restored one
	TopicDenied    Kind = "TOPIC_DENIED"
	TopicMissing   Kind = "TOPIC_MISSING"
	TopicThrottled Kind = "TOPIC_THROTTLED"
	MessageRefused Kind = "MESSAGE_REFUSED"
	NOMISAway      Kind = "NOMIS_AWAY"
	NOMISDenied    Kind = "NOMIS_DENIED"   // NOMIS, or the issuer of its tokens, lets no call in
	NOMISRestored  Kind = "NOMIS_RESTORED" // the brake is on: NOMIS looks restored
	Other          Kind = "OTHER"
)

// kinded is an error that has its own kind, such as a Poison.
type kinded interface {
	error
	Kind() Kind
}

// KindOf reduces an error to its kind. It returns "" for nil, and Other for an error
// that it does not know. Answers, rows and metrics get nothing else of an error.
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

// kindOfCode maps an SQLSTATE of Postgres to a kind.
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
	case "28": // the login is refused
		return PostgresDenied
	case "08", "53", "57", "58": // connection, resources, an operator's stop, the system
		return PostgresAway
	}
	return Other
}

// Category is the coarser classification that rows and metrics have.
type Category string

// Away is the category of outages. It is shown while it lasts, and stored in a shared row
// only, whose loops may all be in other processes. The other categories have the values of
// their kinds.
const Away Category = "AWAY"

// Categories returns all categories.
func Categories() []Category {
	return []Category{Category(CannotApply), Category(CannotRead), Category(UnknownType), Category(OutOfOrder), Category(Other), Away, Category(NOMISDenied), Category(NOMISRestored)}
}

// Category returns the category of a kind; "" for "".
func (k Kind) Category() Category {
	switch k {
	case "", CannotApply, CannotRead, UnknownType, OutOfOrder, NOMISDenied, NOMISRestored:
		return Category(k)
	case PostgresAway, EventStoreAway, NetworkAway, NOMISAway, TimedOut, TopicThrottled:
		return Away
	default:
		return Category(Other)
	}
}
