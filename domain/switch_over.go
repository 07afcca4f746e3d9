package domain

import (
	"cmp"
	"slices"
	"time"
)

// SwitchOverStream is the name of the one stream of the switch-over from NOMIS.
const SwitchOverStream = switchOverPrefix

// Stage is how far a prison has switched over from NOMIS. The values are stored in facts
// and are part of the API: never change one.
type Stage string

// The stages. A prison may go from any of them to any other.
const (
	StageNOMIS Stage = "NOMIS" // its staff have only NOMIS; that of every prison before its first fact
	StageBoth  Stage = "BOTH"
	StageDPS   Stage = "DPS" // NOMIS's screen is off
)

// Stages returns every stage, from the beginning of the switch-over to its end.
func Stages() []Term[Stage] {
	return []Term[Stage]{
		{StageNOMIS, "NOMIS only"}, {StageBoth, "NOMIS and this service"}, {StageDPS, "This service only"},
	}
}

// SwitchOver is the state of the switch-over. The zero value is the state before its
// first fact: every prison is at NOMIS and everything is on.
type SwitchOver struct {
	Prisons  []Prison // that were ever staged or announced, by id
	Inbound  Switch   // what NOMIS may change here
	Outbound Switch   // what is written to NOMIS
	Legacy   Switch   // the legacy list
}

// Switch is something that is on until it is ended, and again when it is resumed.
type Switch struct {
	Ended  bool
	Until  *time.Time // of a brown-out: when it is over; nil: when it is resumed
	Since  time.Time  // the fields from here on are zero before the first fact
	By     string
	Reason string
}

// On reports whether it is on at a moment.
func (s Switch) On(now time.Time) bool {
	return !s.Ended || s.Until != nil && !now.Before(*s.Until)
}

// Prison is a prison in the switch-over.
type Prison struct {
	ID        PrisonID
	Stage     Stage
	Staged    bool      // ever; the next three are zero otherwise
	Since     time.Time // when the stage was decided
	By        string
	Reason    string
	Announced *Announcement // nil: nothing, or it was taken back
}

// Announcement is what staff of a prison are told.
type Announcement struct {
	From  string // the day from which they use this service, as in 2026-12-01
	Text  string
	Since time.Time
	By    string
}

// Prison returns a prison. One without a fact is at NOMIS.
func (s SwitchOver) Prison(id PrisonID) Prison {
	if i, known := s.find(id); known {
		return s.Prisons[i]
	}
	return Prison{ID: id, Stage: StageNOMIS}
}

// Known returns the ids of all known prisons in order: those that were ever staged, and
// those that the directory gave. OUT and TRN are no prisons.
func (s SwitchOver) Known(given []PrisonID) []PrisonID {
	ids := slices.DeleteFunc(slices.Clone(given), func(id PrisonID) bool { return !id.IsPrison() })
	for _, p := range s.Prisons {
		if p.Staged {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// find returns where a prison is, or where it would be inserted.
func (s SwitchOver) find(id PrisonID) (int, bool) {
	return slices.BinarySearchFunc(s.Prisons, id, func(p Prison, id PrisonID) int { return cmp.Compare(p.ID, id) })
}

// Evolve returns the state after one more fact of the stream. It never refuses: a fact
// of another stream changes nothing. The given state is not changed.
func (s SwitchOver) Evolve(f Fact) SwitchOver {
	switch e := f.Event.(type) {
	case PrisonStaged:
		return s.with(e.PrisonID, func(p *Prison) {
			p.Stage, p.Staged, p.Since, p.By, p.Reason = e.To, true, f.Meta.DecidedAt, f.Meta.Actor, e.Reason
		})
	case PrisonAnnounced:
		return s.with(e.PrisonID, func(p *Prison) { p.Announced = announcement(f.Meta, e) })
	case InboundEnded:
		s.Inbound = ended(f.Meta, e.Reason, nil)
	case InboundResumed:
		s.Inbound = resumed(f.Meta, e.Reason)
	case OutboundEnded:
		s.Outbound = ended(f.Meta, e.Reason, nil)
	case OutboundResumed:
		s.Outbound = resumed(f.Meta, e.Reason)
	case LegacyEnded:
		s.Legacy = ended(f.Meta, e.Reason, e.Until)
	case LegacyResumed:
		s.Legacy = resumed(f.Meta, e.Reason)
	default:
	}
	return s
}

// with changes a prison in a copy of the list, which other states share.
func (s SwitchOver) with(id PrisonID, change func(*Prison)) SwitchOver {
	i, known := s.find(id)
	s.Prisons = slices.Clone(s.Prisons)
	if !known {
		s.Prisons = slices.Insert(s.Prisons, i, Prison{ID: id, Stage: StageNOMIS})
	}
	change(&s.Prisons[i])
	return s
}

// announcement returns what is announced by an event; nil when it takes it back.
func announcement(meta Meta, e PrisonAnnounced) *Announcement {
	if isBlank(e.Text) {
		return nil
	}
	return &Announcement{From: e.From, Text: e.Text, Since: meta.DecidedAt, By: meta.Actor}
}

func ended(meta Meta, reason string, until *time.Time) Switch {
	return Switch{Ended: true, Until: until, Since: meta.DecidedAt, By: meta.Actor, Reason: reason}
}

func resumed(meta Meta, reason string) Switch {
	return Switch{Since: meta.DecidedAt, By: meta.Actor, Reason: reason}
}
