package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Places are the prisons of the two prisoners of a pair as the directory gave them, OUT
// and TRN too. The empty id means that the place is unknown: the directory did not
// answer, or does not know the prisoner.
type Places [2]PrisonID

// InboundDependsOnPlaces reports whether it must be asked where prisoners are before a
// change by NOMIS is judged. While inbound is on and no prison is at DPS, every change
// is allowed; while inbound is off, none is.
func (s SwitchOver) InboundDependsOnPlaces() bool {
	return !s.Inbound.Ended && slices.ContainsFunc(s.Prisons, func(p Prison) bool { return p.Stage == StageDPS })
}

// AllowsInbound reports whether NOMIS may change the record of a pair. It may not when
// inbound is off. It may not either when both places are known, at least one is a
// prison, and no prison among them is not at DPS.
func (s SwitchOver) AllowsInbound(at Places) bool {
	if s.Inbound.Ended {
		return false
	}
	inPrison := false
	for _, place := range at {
		switch {
		case place == "":
			return true // what cannot be known must not cost a change of NOMIS
		case !place.IsPrison():
		case s.Prison(place).Stage != StageDPS:
			return true
		default:
			inPrison = true
		}
	}
	return !inPrison
}

// Changes reports whether the decision changes a record. An ignored item and what
// becomes known of NOMIS's sequences change none.
func (d Decision) Changes() bool {
	return slices.ContainsFunc(d.Events, func(event Event) bool {
		switch event.(type) {
		case Ignored, SequenceLearned, SequenceReleased, Delivered:
			return false
		default:
			return true
		}
	})
}

// AsSwitched returns a command of NOMIS as it is decided while inbound is not allowed:
// what it would change is ignored. Any other command is returned unchanged.
func AsSwitched(c Command) Command {
	switch c := c.(type) {
	case Sync:
		c.Switched = true
		return c
	case Delete:
		c.Switched = true
		return c
	default:
		return c
	}
}

// ignoreDeletion records once that NOMIS deleted a record while inbound was not allowed.
func (s State) ignoreDeletion(id uuid.UUID, now time.Time) Decision {
	event := Ignored{NonAssociationID: id, Reason: Switched}
	if slices.Contains(s.Ignored, ignoredKey(event)) {
		return decided(id, now)
	}
	return decided(id, now, event)
}
