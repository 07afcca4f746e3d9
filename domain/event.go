package domain

import "github.com/google/uuid"

// Event is something that happened to a pair, to a prisoner number or to the
// switch-over from NOMIS. The set is
// closed: a switch over it that leaves one out is a bug that the linter finds. Events
// are stored forever, so a JSON name never changes its meaning.
//
//sumtype:decl
type Event interface {
	// About returns the id of the non-association that the event is about. It
	// returns the nil UUID for an event about a prisoner number or the switch-over.
	About() uuid.UUID
	event()
}

// Opened is the creation of a non-association by staff or by NOMIS.
type Opened struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	PrisonerNumber   PrisonerNumber `json:"prisonerNumber"` // the one named first
	TypeSequence     int            `json:"typeSequence,omitempty"`
	Details          Details        `json:"details"`
}

// Imported is the creation of a non-association by the migration. It is a type of its
// own, so that consumers can distinguish old records from new ones.
type Imported struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	PrisonerNumber   PrisonerNumber `json:"prisonerNumber"`
	TypeSequence     int            `json:"typeSequence,omitempty"`
	Details          Details        `json:"details"`
}

// Amended is a change of values. A date from NOMIS that closes or reopens a record is
// such a value.
type Amended struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Changes          []Change  `json:"changes"`
}

// Closed is a closing by staff, or by a merge.
type Closed struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	ClosedAt         LocalDateTime  `json:"closedAt"`
	ClosedBy         string         `json:"closedBy"`
	ClosedReason     string         `json:"closedReason"`
	ExpiryWas        *LocalDateTime `json:"expiryWas"` // a date in the future that NOMIS had given
}

// Reopened is the reversal of a closing by staff. The comment of the record stays. The
// reason is kept in the history only.
type Reopened struct {
	NonAssociationID uuid.UUID      `json:"nonAssociationId"`
	ReopenedAt       LocalDateTime  `json:"reopenedAt"`
	ReopenedBy       string         `json:"reopenedBy"`
	ReopenReason     string         `json:"reopenReason"`
	ExpiryWas        *LocalDateTime `json:"expiryWas"`
}

// Deleted is a tombstone: it hides the non-association from every read except the
// history and the subject access request.
type Deleted struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	RequestedBy      string    `json:"requestedBy"`
	DeletionReason   string    `json:"deletionReason,omitempty"` // none when NOMIS deleted it
}

// Ignored is an item of NOMIS that was not recorded, with the reason. Item is nil for a
// deletion. NonAssociationID is the nil UUID when no other record takes precedence.
type Ignored struct {
	NonAssociationID uuid.UUID    `json:"nonAssociationId"` // the one that counts instead
	Reason           IgnoreReason `json:"reason"`
	Item             *Item        `json:"item"`
}

// SequenceLearned gives a non-association the sequence by which NOMIS knows it from now
// on. It takes the sequence from any other record of the pair that has it. It changes
// no value that answers show.
type SequenceLearned struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	TypeSequence     int       `json:"typeSequence"`
}

// SequenceReleased means that NOMIS has deleted the detail of this sequence and may use
// the sequence again. It has no effect when the record has another sequence by then. A
// TypeSequence of 0 is that of a deleted record whose sequence was never known, or is
// another record's: NOMIS does not hold it. It changes no value that answers show.
type SequenceReleased struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	TypeSequence     int       `json:"typeSequence"`
}

// Delivered means that NOMIS holds a detail, as read back from it, and that the record
// was at Revision what NOMIS was sent, or found to have. A value that was changed
// in NOMIS between the write and the reading back is the one that was sent. The fields of Held are those
// that NOMIS was left with, because a person has yet to decide on them. It changes no
// value that answers show.
type Delivered struct {
	NonAssociationID uuid.UUID     `json:"nonAssociationId"`
	TypeSequence     int           `json:"typeSequence"`
	Revision         uint64        `json:"revision"` // of the stream
	Detail           Detail        `json:"detail"`
	Held             []DetailField `json:"held,omitempty"`
}

// TransferredIn is the arrival of a non-association in another pair, after the number
// of one of its prisoners changed. It carries the whole record under the new number.
// The sequence is unknown there until NOMIS sends it.
type TransferredIn struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Renumbering
	Via            []PrisonerNumber `json:"via,omitempty"` // removed numbers between the previous and the new one, in order
	From           Pair             `json:"from"`
	To             Pair             `json:"to"`
	Revision       uint64           `json:"revision"` // of From, whose state was carried
	NonAssociation NonAssociation   `json:"nonAssociation"`
	NOMISKnowledge
}

// TransferredOut is the departure of a non-association that has arrived in another pair
// before.
type TransferredOut struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Renumbering
	Via      []PrisonerNumber `json:"via,omitempty"`
	From     Pair             `json:"from"`
	To       Pair             `json:"to"`
	Revision uint64           `json:"revision"` // of From, whose state the arrival carried
}

// Restored reverses what a merge did to a non-association within its pair: a deletion
// or a closing. It carries the whole record as it is from now on.
type Restored struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	Renumbering
	NonAssociation NonAssociation `json:"nonAssociation"`
}

// PrisonerMerged is an event of the removed number, the previous one of the
// Renumbering: NOMIS merged it into the other number.
type PrisonerMerged struct {
	Renumbering
	Pairs []Pair `json:"pairs"` // that the removed number had when the fact was recorded, sorted
}

// PrisonerUnmerged reverses a PrisonerMerged. The number counts again.
type PrisonerUnmerged struct {
	Renumbering
	Message uuid.UUID `json:"message"` // command id of the PrisonerMerged
}

// IgnoreReason is why an item was not recorded. The values are stored in facts: never
// change one.
type IgnoreReason string

// The reasons for ignoring an item. The values are stored: never change one.
const (
	NotLatest        IgnoreReason = "NOT_LATEST"         // another not-closed one of the request is later
	AnotherNotClosed IgnoreReason = "ANOTHER_NOT_CLOSED" // the pair has one that the request does not close
	NamesDeleted     IgnoreReason = "DELETED"            // it names one that was deleted here
	Switched         IgnoreReason = "SWITCHED"           // it would change a record, and inbound is not allowed
)

// Field names a value of a non-association that an [Amended] can change. The values are
// stored in facts: never change one.
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

// Change is one value before and after. Nil means no value.
type Change struct {
	Field          Field          `json:"field"`
	PrisonerNumber PrisonerNumber `json:"prisonerNumber,omitempty"` // of a side's field
	Was            *string        `json:"was"`
	Now            *string        `json:"now"`
}

// About returns the id of the non-association that the event changes.
func (e Opened) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Imported) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Amended) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Closed) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Reopened) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Deleted) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that counts instead.
func (e Ignored) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e SequenceLearned) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e SequenceReleased) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Delivered) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e TransferredIn) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e TransferredOut) About() uuid.UUID { return e.NonAssociationID }

// About returns the id of the non-association that the event changes.
func (e Restored) About() uuid.UUID { return e.NonAssociationID }

// About returns uuid.Nil: the event is of a prisoner number.
func (PrisonerMerged) About() uuid.UUID { return uuid.Nil }

// About returns uuid.Nil: the event is of a prisoner number.
func (PrisonerUnmerged) About() uuid.UUID { return uuid.Nil }

func (Opened) event()           {}
func (Imported) event()         {}
func (Amended) event()          {}
func (Closed) event()           {}
func (Reopened) event()         {}
func (Deleted) event()          {}
func (Ignored) event()          {}
func (SequenceLearned) event()  {}
func (SequenceReleased) event() {}
func (Delivered) event()        {}
func (TransferredIn) event()    {}
func (TransferredOut) event()   {}
func (Restored) event()         {}
func (PrisonerMerged) event()   {}
func (PrisonerUnmerged) event() {}
