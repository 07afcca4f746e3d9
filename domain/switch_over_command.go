package domain

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// SwitchOverCommand is a request to change the switch-over.
type SwitchOverCommand interface {
	Command
	// change returns what happens, nothing when nothing changes. The error is a [Refusal].
	change(s SwitchOver, now time.Time) ([]Event, error)
	reason() string
}

// StagePrison moves a prison to a stage. Any prison may be staged, also one that nobody
// knows.
type StagePrison struct {
	PrisonID PrisonID `json:"prisonId"`
	Reason   string   `json:"reason"`
	Stage    Stage    `json:"stage"`
}

// AnnouncePrison tells the staff of a prison from which day they use this service. A
// blank text takes the announcement back.
type AnnouncePrison struct {
	From     string   `json:"from,omitempty"` // a day; not needed to take it back
	PrisonID PrisonID `json:"prisonId"`
	Reason   string   `json:"reason"`
	Text     string   `json:"text"`
}

// SwitchInbound ends or resumes what NOMIS may change here. It must not end while a
// known prison is not at DPS, or while none is known, unless it is forced.
type SwitchInbound struct {
	Force  bool       `json:"force,omitempty"`
	Given  []PrisonID `json:"given,omitempty"` // known prisons beside those that were ever staged
	On     bool       `json:"on"`
	Reason string     `json:"reason"`
}

// SwitchOutbound ends or resumes what is written to NOMIS.
type SwitchOutbound struct {
	On     bool   `json:"on"`
	Reason string `json:"reason"`
}

// SwitchLegacy ends or resumes the legacy list.
type SwitchLegacy struct {
	Minutes int    `json:"minutes,omitempty"` // of a brown-out; 0: until it is resumed
	On      bool   `json:"on"`
	Reason  string `json:"reason"`
}

func (StagePrison) command()    {}
func (AnnouncePrison) command() {}
func (SwitchInbound) command()  {}
func (SwitchOutbound) command() {}
func (SwitchLegacy) command()   {}

func (c StagePrison) reason() string    { return c.Reason }
func (c AnnouncePrison) reason() string { return c.Reason }
func (c SwitchInbound) reason() string  { return c.Reason }
func (c SwitchOutbound) reason() string { return c.Reason }
func (c SwitchLegacy) reason() string   { return c.Reason }

var (
	errStage = errors.New("must be one of NOMIS, BOTH, DPS")
	errDay   = errors.New("must be a day such as 2026-12-01")
)

// Decide decides a command: one fact, or none when nothing changes. The error, if any,
// is a [Refusal]. It is pure.
func (s SwitchOver) Decide(c SwitchOverCommand, now time.Time, by Cause) ([]Fact, error) {
	if isBlank(c.reason()) {
		return nil, refusalOf("reason", ErrBlank)
	}
	events, err := c.change(s, now)
	if err != nil {
		return nil, err
	}
	return Decision{Events: events, OccurredAt: now}.factsIn(SwitchOverStream, 0, c, now, by), nil
}

func (c StagePrison) change(s SwitchOver, _ time.Time) ([]Event, error) {
	if !Contains(Stages(), c.Stage) {
		return nil, refusalOf("stage", errStage)
	}
	was := s.Prison(c.PrisonID).Stage
	if was == c.Stage {
		return nil, nil
	}
	return []Event{PrisonStaged{PrisonID: c.PrisonID, From: was, To: c.Stage, Reason: c.Reason}}, nil
}

func (c AnnouncePrison) change(s SwitchOver, _ time.Time) ([]Event, error) {
	was := s.Prison(c.PrisonID).Announced
	if isBlank(c.Text) {
		if was == nil {
			return nil, nil
		}
		return []Event{PrisonAnnounced{PrisonID: c.PrisonID, Reason: c.Reason}}, nil
	}
	if !isDay(c.From) {
		return nil, refusalOf("from", errDay)
	}
	if was != nil && was.From == c.From && was.Text == c.Text {
		return nil, nil
	}
	return []Event{PrisonAnnounced{PrisonID: c.PrisonID, From: c.From, Text: c.Text, Reason: c.Reason}}, nil
}

func (c SwitchInbound) change(s SwitchOver, _ time.Time) ([]Event, error) {
	switch {
	case c.On == !s.Inbound.Ended:
		return nil, nil
	case c.On:
		return []Event{InboundResumed{Reason: c.Reason}}, nil
	case !c.Force:
		if err := s.lacksDPS(c.Given); err != nil {
			return nil, err
		}
	}
	return []Event{InboundEnded{Reason: c.Reason}}, nil
}

// lacksDPS refuses the end of inbound unless there is a known prison and all of them are
// at DPS. The refusal names those that are not.
func (s SwitchOver) lacksDPS(given []PrisonID) error {
	known := s.Known(given)
	if len(known) == 0 {
		return Refusal{Code: CodeNotSwitched, Message: "Inbound must not end: no prison is known"}
	}
	others := slices.DeleteFunc(known, func(id PrisonID) bool { return s.Prison(id).Stage == StageDPS })
	if len(others) == 0 {
		return nil
	}
	names := make([]string, len(others))
	for i, id := range others {
		names[i] = string(id)
	}
	return Refusal{Code: CodeNotSwitched, Message: "Inbound must not end while a prison is not at DPS: " + strings.Join(names, ", ")}
}

func (c SwitchOutbound) change(s SwitchOver, _ time.Time) ([]Event, error) { //nolint:unparam // others refuse
	switch {
	case c.On == !s.Outbound.Ended:
		return nil, nil
	case c.On:
		return []Event{OutboundResumed{Reason: c.Reason}}, nil
	}
	return []Event{OutboundEnded{Reason: c.Reason}}, nil
}

// change ends the list also when it is ended already, but for another time.
func (c SwitchLegacy) change(s SwitchOver, now time.Time) ([]Event, error) {
	on := s.Legacy.On(now)
	switch {
	case c.On && on, !c.On && !on && c.Minutes == 0 && s.Legacy.Until == nil:
		return nil, nil
	case c.On:
		return []Event{LegacyResumed{Reason: c.Reason}}, nil
	case c.Minutes == 0:
		return []Event{LegacyEnded{Reason: c.Reason}}, nil
	case c.Minutes < 0:
		return nil, refusalOf("minutes", errors.New("must not be negative"))
	}
	until := now.UTC().Add(time.Duration(c.Minutes) * time.Minute)
	return []Event{LegacyEnded{Reason: c.Reason, Until: &until}}, nil
}

// isDay reports whether a text is an existing day, as in 2026-12-01.
func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
