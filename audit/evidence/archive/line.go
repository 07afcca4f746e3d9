package archive

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// line is one fact in a file of the log. Data and metadata are the bytes of the log, in
// base64. The names never change.
type line struct {
	Index      int64     `json:"index"` // of the fact's leaf
	EventID    uuid.UUID `json:"eventId"`
	Stream     string    `json:"stream"`
	Revision   uint64    `json:"revision"`
	Type       string    `json:"type"`
	RecordedAt time.Time `json:"recordedAt"`
	Position   uint64    `json:"position"`
	Prepare    *uint64   `json:"prepare,omitempty"` // of the position, where it is another number
	Data       []byte    `json:"data"`
	Metadata   []byte    `json:"metadata"`
}

// ErrDamaged is wrapped by errors of a folder that is not as Write left it.
var ErrDamaged = errors.New("the archive is damaged")

// appendLine appends a fact as a line.
func appendLine(b []byte, index int64, e eventstore.RecordedEvent) ([]byte, error) {
	l := line{index, e.ID, e.Stream, e.Revision, e.Type, e.RecordedAt.UTC(), e.Position.Commit, nil, e.Data, e.Metadata}
	if e.Position.Prepare != e.Position.Commit {
		l.Prepare = &e.Position.Prepare
	}
	text, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("write a fact: %w", err)
	}
	return append(append(b, text...), '\n'), nil
}

// parseLines returns the facts of a file whose first fact has an index. Errors:
// ErrDamaged, with the number of the line.
func parseLines(text []byte, first int64) ([]eventstore.RecordedEvent, error) {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, fmt.Errorf("%w: its last line has no end", ErrDamaged)
	}
	var facts []eventstore.RecordedEvent
	for one := range bytes.Lines(text) {
		var l line
		if err := json.Unmarshal(one, &l, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("%w: line %d is no fact", ErrDamaged, len(facts)+1)
		}
		if l.Index != first+int64(len(facts)) {
			return nil, fmt.Errorf("%w: line %d has index %d", ErrDamaged, len(facts)+1, l.Index)
		}
		e := eventstore.RecordedEvent{
			Event:  eventstore.Event{ID: l.EventID, Type: l.Type, Data: l.Data, Metadata: l.Metadata},
			Stream: l.Stream, Revision: l.Revision, Position: eventstore.Position{Commit: l.Position, Prepare: l.Position}, RecordedAt: l.RecordedAt,
		}
		if l.Prepare != nil {
			e.Position.Prepare = *l.Prepare
		}
		facts = append(facts, e)
	}
	return facts, nil
}
