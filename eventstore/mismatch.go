package eventstore

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Seen is an event at its place in the log; the zero Seen is none. An append is
// seen without an id, since some servers tell another place than its own.
type Seen struct {
	At Position
	ID uuid.UUID
}

// Mismatch says that the log that answers is not the one that this process has
// worked with: another one, a blank one, or one that was put back to an earlier
// day. It is an ErrUnavailable too: nothing may be concluded from such a log,
// and asking again is right once the other one answers.
type Mismatch struct {
	Known uuid.UUID // the log that this process works with
	Found uuid.UUID // the log that answers; zero when it has no id
	// Lost is an event that this process has met in the log and that is not there
	// any more; zero when the ids differ.
	Lost    Seen
	Instead uuid.UUID // the event at its place; zero when there is none, or its id is not known
	End     Position  // the last event of the log that answers
}

func (m *Mismatch) Error() string { return m.Words() }

// Words says which log it was and which it is: ids and places, and nothing else.
func (m *Mismatch) Words() string {
	switch {
	case m.Found == uuid.Nil:
		return fmt.Sprintf("the log has no id now, it was log %s", m.Known)
	case m.Found != m.Known:
		return fmt.Sprintf("the log is %s now, it was log %s", m.Found, m.Known)
	case m.Instead != uuid.Nil:
		return fmt.Sprintf("log %s was put back: at position %s is event %s now, it was %s", m.Known, m.Lost.At, m.Instead, m.Lost.ID)
	default:
		return fmt.Sprintf("log %s was put back: it ends at position %s now, it went up to %s", m.Known, m.End, m.Lost.At)
	}
}

// Unwrap is ErrUnavailable.
func (m *Mismatch) Unwrap() error { return ErrUnavailable }

// Passes reports whether a fault of a call may be over in a moment, so that the
// same call again is worth its while: an outage, and no *Mismatch.
func Passes(err error) bool {
	return errors.Is(err, ErrUnavailable) && !errors.As(err, new(*Mismatch))
}
