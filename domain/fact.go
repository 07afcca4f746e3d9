package domain

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Source is the origin of a command. The values are stored in facts: never change one.
type Source string

// The sources. The values are stored: never change one.
const (
	DPS       Source = "DPS"       // staff
	NOMIS     Source = "NOMIS"     // sync
	Migration Source = "MIGRATION" // the stock of old data
	Merge     Source = "MERGE"     // two numbers became one prisoner
)

// Cause identifies the origin of a command. CorrelationID is the same for everything
// that one external action caused. CausationID is the message or request that caused
// the command directly.
type Cause struct {
	CommandID     uuid.UUID      `json:"commandId"`
	CorrelationID uuid.UUID      `json:"correlationId"`
	CausationID   uuid.UUID      `json:"causationId"`
	Actor         string         `json:"actor"` // user name
	Source        Source         `json:"source"`
	About         PrisonerNumber `json:"about"` // the prisoner of the command
}

// Meta is the metadata of an event.
type Meta struct {
	Cause
	Index      int             `json:"index"` // place in the whole decision, from 0
	Count      int             `json:"count"`
	DecidedAt  time.Time       `json:"decidedAt"`         // the now that [Decide] was given
	OccurredAt time.Time       `json:"occurredAt"`        // when it was true
	Command    json.RawMessage `json:"command,omitempty"` // of the first event only
	// TraceParent is the W3C trace parent of the span that appended the event, "" for one
	// that was not traced. Nothing is decided by it.
	TraceParent string `json:"traceparent,omitempty"`
}

// Fact is an event with its id and its metadata, as the log stores it. A fact is never
// changed or removed.
type Fact struct {
	ID    uuid.UUID
	Meta  Meta
	Event Event
}

// EventID returns the id of an event of a decision. The same command on the same stream
// always gives the same ids, so that the store recognises an append that is sent again.
func EventID(command uuid.UUID, stream string, index int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(stream+"/"+strconv.Itoa(index)))
}

// nonAssociationID returns the id of the non-association that a command creates for one
// of its items. It is derived, so that a repeated command creates the same one.
func nonAssociationID(command uuid.UUID, pair Pair, item int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(pair.String()+"#"+strconv.Itoa(item)))
}
