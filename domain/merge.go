package domain

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// ByMerge is the reason of closings and deletions by a merge. It is stored in facts:
// never change it.
const ByMerge = "MERGE"

// Renumbering says that the records of one number belong to another number.
type Renumbering struct {
	Previous PrisonerNumber `json:"previousPrisonerNumber"`
	Number   PrisonerNumber `json:"prisonerNumber"`
	Reason   string         `json:"reason,omitempty"`
}

// Pair returns the pair to which the records of a pair with the previous number go. It
// returns [ErrSelfPair] for the pair of the two numbers themselves, whose records go
// nowhere.
func (r Renumbering) Pair(from Pair) (Pair, error) { return NewPair(r.Number, from.Other(r.Previous)) }

// Of returns a record with its side under the new number. The given record is not
// changed.
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

// Period is a period of London wall-clock time that includes both ends. A zero end is
// open.
type Period struct{ From, Until time.Time }

// Contains reports whether the record was created in the period by the wall clock of
// the location. A record of staff was created when it was stored, and a record of NOMIS
// when it took effect.
func (s Period) Contains(n NonAssociation, london *time.Location) bool {
	created := wallClock(n.OpenedAt.In(london))
	if n.CreatedSource != DPS {
		created = string(n.EffectiveDate) + wholeSecond
	}
	return (s.From.IsZero() || wallClock(s.From.In(london)) <= created) && (s.Until.IsZero() || created <= wallClock(s.Until.In(london)))
}

const wholeSecond = ".000000000"

// wallClock returns the wall-clock time of a moment as text, for comparison with
// another one.
func wallClock(t time.Time) string { return t.Format(localLayout + wholeSecond) }

// TransferIn is the first half of a transfer, a command on the target pair. It is
// idempotent: repeated, it carries only what has changed in the source since.
type TransferIn struct {
	Renumbering
	Via      []PrisonerNumber    `json:"via,omitempty"`
	From     Pair                `json:"from"`
	Records  []TransferredRecord `json:"records"`
	Revision uint64              `json:"revision"` // of From, whose state is carried
}

// TransferredRecord is a record of the source under its new number. Base is the last
// state that both pairs had in common, when both have the record.
type TransferredRecord struct {
	Base           *NonAssociation `json:"base,omitempty"`
	NonAssociation NonAssociation  `json:"nonAssociation"`
	Exchanged      *NOMISKnowledge `json:"exchanged,omitempty"` // under the new number
}

// TransferOut is the second half of a transfer, a command on the source pair. It must
// be appended at exactly the revision that the arrival carried.
type TransferOut struct {
	Renumbering
	Via      []PrisonerNumber `json:"via,omitempty"`
	IDs      []uuid.UUID      `json:"ids"`
	Revision uint64           `json:"revision"`
	To       Pair             `json:"to"`
}

// DeleteSelfPair deletes the records between two numbers of one prisoner.
type DeleteSelfPair struct {
	Renumbering
	IDs []uuid.UUID `json:"ids"`
}

// Restore sets records of a pair to the given values.
type Restore struct {
	Renumbering
	Records []NonAssociation `json:"records"`
}

func (TransferIn) command()     {}
func (TransferOut) command()    {}
func (DeleteSelfPair) command() {}
func (Restore) command()        {}

// Moved is the error for a command on a record that has left the pair. To is where it
// went.
type Moved struct {
	Renumbering
	To Pair
}

func (m Moved) Error() string { return "the non-association is now of another pair of prisoners" }

// decideTransferIn adds or updates the records of a transfer. When two records would be
// open, one is closed in the same decision. One append has both events, so the pair
// never has two open records.
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
			Revision: c.Revision, NonAssociation: arrives, NOMISKnowledge: r.exchanged(),
		})
		d.closeOthers(id)
	}
	return d.decision(), nil
}

// exchanged returns what is known of the record and NOMIS. It is zero when nothing is.
func (r TransferredRecord) exchanged() NOMISKnowledge {
	if r.Exchanged == nil {
		return NOMISKnowledge{}
	}
	return *r.Exchanged
}

// covers reports whether the arrival carried this state of the pair or a later one.
func (o *Origin) covers(pair Pair, revision uint64) bool {
	return o != nil && o.Pair == pair && o.Revision >= revision
}

// joined merges the carried record with the one that the target has: the changes since
// Base are applied to the record of the target. This keeps changes that were made in
// the target meanwhile.
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

// decideTransferOut removes the records that are still in the pair.
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

// decideDeleteSelfPair deletes the records that are not deleted yet.
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

// decideRestore sets records to their given values. A sequence that NOMIS has given to
// another record meanwhile is dropped.
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

// transferredOut returns the error for a record that is not in the pair: Moved when it
// has left, otherwise the refusal of NotFound.
func (s State) transferredOut(id uuid.UUID) error {
	if d, left := s.OutgoingTransferOf(id); left {
		return Moved{Renumbering: d.Renumbering, To: d.To}
	}
	return NotFound(id)
}
