package domain

import "github.com/google/uuid"

// Event is something that happened to a pair, or to a prisoner number. The set is
// closed: the linter finds a switch that omits one.
//
//sumtype:decl
type Event interface {
	// Concerns returns the id of the non-association that the event is about; the nil
	// UUID when it is about a prisoner number, or when no record counts.
	Concerns() uuid.UUID
	event()
}

// Opened begins a non-association, recorded by staff or by a sync.
type Opened struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	PrisonerNumber   PrisonerNumber `json:"prisonerNumber"` // the one named first
	TypeSequence     int            `json:"typeSequence,omitempty"`
	Details          Details        `json:"details"`
}

// Imported begins a non-association with its whole past, taken over by the migration.
type Imported struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	PrisonerNumber   PrisonerNumber `json:"prisonerNumber"`
	TypeSequence     int            `json:"typeSequence,omitempty"`
	Details          Details        `json:"details"`
}

// Amended changes values; a date from NOMIS that closes or reopens is such a
// value.
type Amended struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Changes          []Change  `json:"changes"`
}

// Closed is the act of staff.
type Closed struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	ClosedAt         LocalDateTime  `json:"closedAt"`
	ClosedBy         string         `json:"closedBy"`
	ClosedReason     string         `json:"closedReason"`
	ExpiryWas        *LocalDateTime `json:"expiryWas"` // a date in the future that NOMIS had given
}

// Reopened is the act of staff. The comment stays as it was; the reason lives
// in the history.
type Reopened struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	ReopenedAt       LocalDateTime  `json:"reopenedAt"`
	ReopenedBy       string         `json:"reopenedBy"`
	ReopenReason     string         `json:"reopenReason"`
	ExpiryWas        *LocalDateTime `json:"expiryWas"`
}

// Deleted is a tombstone: it hides the non-association from every read but the
// history and the subject access request.
type Deleted struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	RequestedBy      string    `json:"requestedBy"`
	DeletionReason   string    `json:"deletionReason,omitempty"` // none when NOMIS deleted it
}

// Ignored keeps an item that the record did not take over, with the reason. Item is nil
// for a deletion. NonAssociationID is the nil UUID when no record counts instead.
type Ignored struct {
	NonAssociationID uuid.UUID    `json:"nonAssociationId"` // the one that counts instead
	Reason           IgnoreReason `json:"reason"`
	Item             *Item        `json:"item"`
}

// SequenceLearned gives a non-association the sequence by which NOMIS knows it from now
// on. It takes the sequence from the record of the pair that had it. No value that an
// answer shows changes.
type SequenceLearned struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	TypeSequence     int       `json:"typeSequence"`
}

// SequenceReleased means that NOMIS has no detail of this sequence any more, and may
// reuse it. It has no effect when the non-association has another sequence by then. No
// value that an answer shows changes.
type SequenceReleased struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	TypeSequence     int       `json:"typeSequence"`
}

// TransferredIn is the arrival of a non-association in another pair, after a merge or a
// booking move gave one prisoner another number. It carries the whole record under that
// number. Its sequence is unknown in the new pair until NOMIS sends one.
type TransferredIn struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Renumbering
	Via            []PrisonerNumber    `json:"via,omitempty"` // removed numbers between the previous and the new one, in order
	From           Pair                `json:"from"`
	To             Pair                `json:"to"`
	Revision       uint64              `json:"revision"` // of From, whose state was carried
	NonAssociation NonAssociation      `json:"nonAssociation"`
	Base           *Detail             `json:"base"`     // what NOMIS held last, as folded in From; nil: not known
	OwnSince       map[Field][]*string `json:"ownSince"` // values that each field has had here since Base; nil: not known
}

// TransferredOut is the departure of a non-association that has arrived in
// another pair.
type TransferredOut struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Renumbering
	Via      []PrisonerNumber `json:"via,omitempty"`
	From     Pair             `json:"from"`
	To       Pair             `json:"to"`
	Revision uint64           `json:"revision"` // of From, whose state the arrival carried
}

// Restored takes back what a merge did to a non-association where it stands: a
// deletion, or a closing. It carries the whole record as it is from now on.
type Restored struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Renumbering
	NonAssociation NonAssociation `json:"nonAssociation"`
}

// PrisonerMerged is a fact of the removed number, the previous one of the
// Renumbering: NOMIS merged it into the other.
type PrisonerMerged struct {
	Renumbering
	Pairs []Pair `json:"pairs"` // that the removed number had when the fact was recorded, sorted
}

// PrisonerUnmerged takes a PrisonerMerged back: the number counts again.
type PrisonerUnmerged struct {
	Renumbering
	Message uuid.UUID `json:"message"` // command id of the PrisonerMerged
}

// IgnoreReason is why an item was not taken over.
type IgnoreReason string

// The reasons for ignoring an item.
const (
	NotLatest        IgnoreReason = "NOT_LATEST"         // another not-closed one of the request is later
	AnotherNotClosed IgnoreReason = "ANOTHER_NOT_CLOSED" // the pair has one that the request does not close
	NamesDeleted     IgnoreReason = "DELETED"            // it names one that was deleted here
)

// Field names a value of a non-association that an [Amended] can change.
type Field string

// The fields; FieldReasonCode and FieldRole are of one side.
const (
	FieldAuthorisedBy  Field = "authorisedBy"
	FieldComment       Field = "comment"
	FieldEffectiveDate Field = "effectiveDate"
	FieldExpiryDate    Field = "expiryDate"
	FieldReason        Field = "reason"
	FieldReasonCode    Field = "reasonCode"
	FieldRestriction   Field = "restriction"
	FieldRole          Field = "role"
	FieldTypeCode      Field = "typeCode"
	FieldTypeSequence  Field = "typeSequence" // decimal digits
)

// Change is one value before and after; nil is none.
type Change struct {
	Field          Field          `json:"field"`
	PrisonerNumber PrisonerNumber `json:"prisonerNumber,omitempty"` // of a side's field
	Was            *string        `json:"was"`
	Now            *string        `json:"now"`
}

// Concerns returns the id of the record.
func (e Opened) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e Imported) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e Amended) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e Closed) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e Reopened) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e Deleted) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record that counts instead of the item.
func (e Ignored) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e SequenceLearned) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e SequenceReleased) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e TransferredIn) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e TransferredOut) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the id of the record.
func (e Restored) Concerns() uuid.UUID { return e.NonAssociationID }

// Concerns returns the nil UUID: the event is about a prisoner number.
func (PrisonerMerged) Concerns() uuid.UUID { return uuid.Nil }

// Concerns returns the nil UUID: the event is about a prisoner number.
func (PrisonerUnmerged) Concerns() uuid.UUID { return uuid.Nil }

func (Opened) event()           {}
func (Imported) event()         {}
func (Amended) event()          {}
func (Closed) event()           {}
func (Reopened) event()         {}
func (Deleted) event()          {}
func (Ignored) event()          {}
func (SequenceLearned) event()  {}
func (SequenceReleased) event() {}
func (TransferredIn) event()    {}
func (TransferredOut) event()   {}
func (Restored) event()         {}
func (PrisonerMerged) event()   {}
func (PrisonerUnmerged) event() {}
