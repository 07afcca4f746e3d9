package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Side is what is known about one prisoner, in the codes of both systems.
type Side struct {
	ReasonCode ReasonCode `json:"reasonCode"`
	Role       Role       `json:"role"`
}

// Details are the values of a non-association that can be amended. ExpiryDate may be in
// the future. Texts are nil when there are none.
type Details struct {
	AuthorisedBy  *string                 `json:"authorisedBy"`
	Comment       *string                 `json:"comment"`
	EffectiveDate LocalDateTime           `json:"effectiveDate"`
	ExpiryDate    *LocalDateTime          `json:"expiryDate"`
	Reason        Reason                  `json:"reason"`
	Restriction   Restriction             `json:"restriction"`
	Sides         map[PrisonerNumber]Side `json:"sides"` // two entries; never changed in place
	TypeCode      TypeCode                `json:"typeCode"`
}

// NonAssociation is one period of keeping a pair apart, folded from facts. Its JSON
// names are stored in facts: never change one.
type NonAssociation struct {
	Details
	ID              uuid.UUID      `json:"id"`
	FirstPrisoner   PrisonerNumber `json:"namedFirst"` // for answers only: no rule looks at it
	TypeSequence    int            `json:"typeSequence,omitempty"`
	CreatedSource   Source         `json:"born"`     // of the first fact
	OpenedAt        time.Time      `json:"openedAt"` // when it was decided to record it
	UpdatedAt       time.Time      `json:"updatedAt"`
	UpdatedBy       string         `json:"updatedBy"` // the name that staff gave for a closing or reopening; otherwise the actor
	LastEventID     uuid.UUID      `json:"lastFact"`  // the last fact that changed a value its answers show
	ClosedBy        string         `json:"closedBy,omitempty"`
	ClosedReason    string         `json:"closedReason,omitempty"`
	Deleted         bool           `json:"deleted,omitempty"`
	TransferredFrom *Origin        `json:"cameFrom,omitempty"` // of one that arrived by a renumbering
}

// Origin is the pair that a record came from by a transfer, and the revision of that
// pair's stream whose state was carried.
type Origin struct {
	Pair     Pair   `json:"pair"`
	Revision uint64 `json:"revision"`
}

// OutgoingTransfer is a record that has left its pair by a transfer.
type OutgoingTransfer struct {
	ID uuid.UUID `json:"id"`
	Renumbering
	Via []PrisonerNumber `json:"via,omitempty"`
	To  Pair             `json:"to"`
}

// IsClosed reports whether the record is closed on a day (see [Today]), which means
// that its expiry date has come. A record that has not begun yet is not closed.
func (n NonAssociation) IsClosed(today string) bool { return isClosed(n.ExpiryDate, today) }

// isClosed reports whether an expiry date has come on a day.
func isClosed(expiry *LocalDateTime, today string) bool {
	return expiry != nil && expiry.Date() <= today
}

// State is everything known about a pair. The zero State with its Pair set is the state
// of a pair without facts.
type State struct {
	Pair           Pair               `json:"pair"`
	Items          []NonAssociation   `json:"items"`             // in recorded order, deleted ones too
	Ignored        []uuid.UUID        `json:"ignored,omitempty"` // what was ignored once is not recorded again
	TransferredOut []OutgoingTransfer `json:"left,omitempty"`    // and is not here any more
}

// Find returns the index of a record among the items, or -1.
func (s State) Find(id uuid.UUID) int {
	return slices.IndexFunc(s.Items, func(n NonAssociation) bool { return n.ID == id })
}

// Item returns a record of the pair, deleted or not. It returns false when the pair does
// not have it.
func (s State) Item(id uuid.UUID) (NonAssociation, bool) {
	if i := s.Find(id); i >= 0 {
		return s.Items[i], true
	}
	return NonAssociation{}, false
}

// OutgoingTransferOf returns where a record went when it left the pair. It returns false
// when it did not leave.
func (s State) OutgoingTransferOf(id uuid.UUID) (OutgoingTransfer, bool) {
	for _, d := range s.TransferredOut {
		if d.ID == id {
			return d, true
		}
	}
	return OutgoingTransfer{}, false
}

// NotClosed returns the index of the record that is neither closed nor deleted, or -1.
// A pair has at most one.
func (s State) NotClosed(today string) int {
	return slices.IndexFunc(s.Items, func(n NonAssociation) bool { return !n.Deleted && !n.IsClosed(today) })
}
