package domain

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// ByMerge is the reason of what a merge closes or deletes.
const ByMerge = "MERGE"

// Renumbering means that records of one number belong to another.
type Renumbering struct {
	Previous PrisonerNumber `json:"previousPrisonerNumber"`
	Number   PrisonerNumber `json:"prisonerNumber"`
	Reason   string         `json:"reason,omitempty"`
}

// Pair returns the pair to which the records of a pair with the previous number go.
// [ErrSelfPair]: the pair is the two numbers themselves, and its records go nowhere.
func (r Renumbering) Pair(from Pair) (Pair, error) { return NewPair(r.Number, from.Other(r.Previous)) }

// Of returns the non-association with its side under the new number.
func (r Renumbering) Of(n NonAssociation) NonAssociation {
	if n.FirstPrisoner == r.Previous {
		n.FirstPrisoner = r.Number
	}
	sides := maps.Clone(n.Sides)
	if side, has := sides[r.Previous]; has {
		delete(sides, r.Previous)
		sides[r.Number] = side
	}
	n.Sides = sides
	return n
}

// Period is a period of London wall-clock time, both ends included. A zero end is open.
type Period struct{ From, Until time.Time }

// Contains reports whether a non-association was created in the period: recorded by
// staff, or effective by NOMIS's date. Times are compared on the clock of the period's
// ends.
func (s Period) Contains(n NonAssociation, london *time.Location) bool {
	created := wallClock(n.OpenedAt.In(london))
	if n.CreatedSource != DPS {
		created = string(n.EffectiveDate) + wholeSecond
	}
	return (s.From.IsZero() || wallClock(s.From.In(london)) <= created) && (s.Until.IsZero() || created <= wallClock(s.Until.In(london)))
}

// wholeSecond completes a local date-time for comparison with one that has
// fractions.
const wholeSecond = ".000000000"

// wallClock returns a time as the clock of its own location shows it, with
// fractions. Such texts sort as the times do.
func wallClock(t time.Time) string { return t.Format(localLayout + wholeSecond) }

// TransferIn is the first half of a move between two pairs, asked of the pair that
// it goes to. Asked again, it carries over only what has changed since.
type TransferIn struct {
	Renumbering
	Via      []PrisonerNumber    `json:"via,omitempty"`
	From     Pair                `json:"from"`
	Records  []TransferredRecord `json:"records"`
	Revision uint64              `json:"revision"` // of From, whose state is carried
}

// TransferredRecord is one non-association as From has it, under the new number. Base is
// what From and the pair it goes to last had in common, when both have it.
type TransferredRecord struct {
	Base           *NonAssociation `json:"base,omitempty"`
	NonAssociation NonAssociation  `json:"nonAssociation"`
}

// TransferOut is the second half, asked of the pair that it came from, at exactly the
// revision whose state the arrival carried.
type TransferOut struct {
	Renumbering
	Via      []PrisonerNumber `json:"via,omitempty"`
	IDs      []uuid.UUID      `json:"ids"`
	Revision uint64           `json:"revision"`
	To       Pair             `json:"to"`
}

// DeleteSelfPair ends what was recorded between two numbers of one prisoner.
type DeleteSelfPair struct {
	Renumbering
	IDs []uuid.UUID `json:"ids"`
}

// Restore sets non-associations to given values in their pair.
type Restore struct {
	Renumbering
	Records []NonAssociation `json:"records"`
}

func (TransferIn) command()     {}
func (TransferOut) command()    {}
func (DeleteSelfPair) command() {}
func (Restore) command()        {}

// Moved is the error of a command on a non-association that was transferred to another
// pair.
type Moved struct {
	Renumbering
	To Pair
}

// Error names no prisoner number.
func (m Moved) Error() string { return "the non-association is now of another pair of prisoners" }

// decideTransferIn takes non-associations over. Of two that would then stand not
// closed, one is closed in the same decision.
func decideTransferIn(s State, c TransferIn, now time.Time, by Cause) (Decision, error) {
	d := newDecisionBuilder(s, now, by)
	for _, r := range c.Records {
		id := r.NonAssociation.ID
		d.outcomes = append(d.outcomes, Outcome{NonAssociationID: id})
		here, is := d.folding.Find(id)
		if is && here.TransferredFrom.covers(c.From, c.Revision) {
			continue
		}
		arrives := r.NonAssociation
		arrives.TypeSequence = 0
		if is {
			arrives = r.joined(s.Pair, here)
		}
		d.record(TransferredIn{
			NonAssociationID: id, Renumbering: c.Renumbering, Via: c.Via, From: c.From, To: s.Pair,
			Revision: c.Revision, NonAssociation: arrives,
		})
		d.closeOthers(id)
	}
	return d.decision(), nil
}

// covers reports whether it carried that state of the pair or a later one.
func (o *Origin) covers(pair Pair, revision uint64) bool {
	return o != nil && o.Pair == pair && o.Revision >= revision
}

// joined merges the arriving record with changes made to the same record in the new
// pair meanwhile.
func (r TransferredRecord) joined(pair Pair, here NonAssociation) NonAssociation {
	carried := r.NonAssociation
	carried.TypeSequence = here.TypeSequence
	if r.Base == nil {
		return carried
	}
	base := *r.Base
	base.TypeSequence = here.TypeSequence
	changes := diff(pair, base, carried)
	here.amend("", changes)
	if slices.ContainsFunc(changes, func(c Change) bool { return c.Field == FieldExpiryDate }) {
		here.ClosedBy, here.ClosedReason = carried.ClosedBy, carried.ClosedReason
	}
	here.Deleted = here.Deleted || carried.Deleted
	return here
}

// decideTransferOut removes records that have arrived in another pair. The caller
// appends it at exactly the revision whose state the arrival carried, so that no
// change is lost.
func decideTransferOut(s State, c TransferOut, now time.Time) (Decision, error) {
	d := Decision{OccurredAt: now}
	for _, id := range c.IDs {
		d.Outcomes = append(d.Outcomes, Outcome{NonAssociationID: id})
		if s.Find(id) >= 0 {
			d.Events = append(d.Events, TransferredOut{
				NonAssociationID: id, Renumbering: c.Renumbering, Via: c.Via, From: s.Pair, To: c.To, Revision: c.Revision,
			})
		}
	}
	return d, nil
}

// decideDeleteSelfPair deletes the records between two numbers of one prisoner. The
// reason is the merge.
func decideDeleteSelfPair(s State, c DeleteSelfPair, now time.Time, by Cause) (Decision, error) {
	d := Decision{OccurredAt: now}
	for _, id := range c.IDs {
		d.Outcomes = append(d.Outcomes, Outcome{NonAssociationID: id})
		if i := s.Find(id); i >= 0 && !s.Items[i].Deleted {
			d.Events = append(d.Events, Deleted{NonAssociationID: id, RequestedBy: by.Actor, DeletionReason: ByMerge})
		}
	}
	return d, nil
}

// decideRestore sets records to given values, unless they have them.
func decideRestore(s State, c Restore, now time.Time, by Cause) (Decision, error) {
	d := newDecisionBuilder(s, now, by)
	for _, n := range c.Records {
		if slices.ContainsFunc(s.Items, func(o NonAssociation) bool { return o.ID != n.ID && o.TypeSequence == n.TypeSequence }) {
			n.TypeSequence = 0 // NOMIS has given the number to another since
		}
		d.outcomes = append(d.outcomes, Outcome{NonAssociationID: n.ID})
		d.record(Restored{NonAssociationID: n.ID, Renumbering: c.Renumbering, NonAssociation: n})
		d.closeOthers(n.ID)
	}
	return d.decision(), nil
}

// transferredOut returns why a pair lacks a non-association: Moved after a transfer,
// otherwise a NotFound.
func (s State) transferredOut(id uuid.UUID) error {
	for _, d := range s.TransferredOut {
		if d.ID == id {
			return Moved{Renumbering: d.Renumbering, To: d.To}
		}
	}
	return NotFound(id)
}
