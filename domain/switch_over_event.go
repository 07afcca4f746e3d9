package domain

import (
	"time"

	"github.com/google/uuid"
)

// PrisonStaged is the move of a prison to another stage of the switch-over.
type PrisonStaged struct {
	PrisonID PrisonID `json:"prisonId"`
	From     Stage    `json:"from"`
	To       Stage    `json:"to"`
	Reason   string   `json:"reason"`
}

// PrisonAnnounced is what staff of a prison are told about the switch-over. A blank
// text takes the announcement back.
type PrisonAnnounced struct {
	PrisonID PrisonID `json:"prisonId"`
	From     string   `json:"from"` // the day, as in 2026-12-01; "" when it is taken back
	Text     string   `json:"text"`
	Reason   string   `json:"reason"`
}

// InboundEnded is the end of what NOMIS may change here.
type InboundEnded struct {
	Reason string `json:"reason"`
}

// InboundResumed reverses an InboundEnded.
type InboundResumed struct {
	Reason string `json:"reason"`
}

// OutboundEnded is the end of what is written to NOMIS.
type OutboundEnded struct {
	Reason string `json:"reason"`
}

// OutboundResumed reverses an OutboundEnded.
type OutboundResumed struct {
	Reason string `json:"reason"`
}

// LegacyEnded is the end of the legacy list, or a brown-out of it. After Until the list
// is on again without a further fact.
type LegacyEnded struct {
	Reason string     `json:"reason"`
	Until  *time.Time `json:"until,omitempty"` // nil: until it is resumed
}

// LegacyResumed reverses a LegacyEnded.
type LegacyResumed struct {
	Reason string `json:"reason"`
}

// About returns uuid.Nil: the event is of the switch-over.
func (PrisonStaged) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (PrisonAnnounced) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (InboundEnded) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (InboundResumed) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (OutboundEnded) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (OutboundResumed) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (LegacyEnded) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of the switch-over.
func (LegacyResumed) About() uuid.UUID { return uuid.Nil }

func (PrisonStaged) event()    {}
func (PrisonAnnounced) event() {}
func (InboundEnded) event()    {}
func (InboundResumed) event()  {}
func (OutboundEnded) event()   {}
func (OutboundResumed) event() {}
func (LegacyEnded) event()     {}
func (LegacyResumed) event()   {}
