package eventstore

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Seen is an event that this process has met in the log; the zero Seen is none. The
// result of an append has no ID here: some servers return the position of another
// event for it.
type Seen struct {
	At Position
	ID uuid.UUID
}

// Mismatch is the error that the answering log is not the one that this process has
// worked with: it is another one, an empty one, or one restored from an older
// backup. It is an ErrUnavailable too: no conclusion may be drawn from such a log,
// and calls succeed again once the right one answers.
type Mismatch struct {
	// Known is the log that this process works with.
	Known uuid.UUID
	// Found is the answering log; zero when it has no id.
	Found uuid.UUID
	// Lost is an event that this process has met and that is no longer in the log;
	// zero when the ids differ.
	Lost Seen
	// Instead is the event at the position of Lost; zero when there is none, or its id
	// is not known.
	Instead uuid.UUID
	// End is the last event of the answering log.
	End Position
}

// Error returns Describe.
func (m *Mismatch) Error() string { return m.Describe() }

// Describe names the two logs by ids and positions alone, so it may be shown.
func (m *Mismatch) Describe() string {
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

// Unwrap returns ErrUnavailable.
func (m *Mismatch) Unwrap() error { return ErrUnavailable }

// Passes reports whether an error may pass by itself, so that a retry is worthwhile:
// an outage, but not a *Mismatch.
func Passes(err error) bool {
	return errors.Is(err, ErrUnavailable) && !errors.As(err, new(*Mismatch))
}
