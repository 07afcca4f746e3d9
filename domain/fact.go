package domain

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Source is who said it.
type Source string

// The sources.
const (
	DPS       Source = "DPS"       // staff
	NOMIS     Source = "NOMIS"     // sync
	Migration Source = "MIGRATION" // the stock of old data
	Merge     Source = "MERGE"     // two numbers became one prisoner
)

// Cause says who and what asked for a command. Correlation joins everything
// that one act outside set going; causation is the message or request that led
// here directly.
type Cause struct {
	CommandID     uuid.UUID      `json:"commandId"`
	CorrelationID uuid.UUID      `json:"correlationId"`
	CausationID   uuid.UUID      `json:"causationId"`
	Actor         string         `json:"actor"` // user name
	Source        Source         `json:"source"`
	About         PrisonerNumber `json:"about"` // whom the command was about
}

// Meta is what is known of an event beside the event.
type Meta struct {
	Cause
	Index      int             `json:"index"` // place in the whole decision, from 0
	Count      int             `json:"count"`
	DecidedAt  time.Time       `json:"decidedAt"`         // the now that [Decide] was given
	OccurredAt time.Time       `json:"occurredAt"`        // when it was true
	Command    json.RawMessage `json:"command,omitempty"` // first event only: what was asked
}

// Fact is an event with its metadata and its id.
type Fact struct {
	ID    uuid.UUID
	Meta  Meta
	Event Event
}

// EventID is the id of an event of a decision: the same command on the same
// stream always gives the same ids, so that an append that is sent again is
// recognised.
func EventID(command uuid.UUID, stream string, index int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(stream+"/"+strconv.Itoa(index)))
}

// nonAssociationID is the id of one that a command creates for an item of its
// own.
func nonAssociationID(command uuid.UUID, pair Pair, item int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(pair.String()+"#"+strconv.Itoa(item)))
}
