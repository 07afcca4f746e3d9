package shape

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// AsOf are the records of a prisoner or a pair as they were at a time, the oldest effective
// date first. One of PrisonerNumber and Pair is null: it was not asked about.
type AsOf struct {
	PrisonerNumber  *domain.PrisonerNumber    `json:"prisonerNumber"`
	Pair            *[2]domain.PrisonerNumber `json:"pair"` // the smaller number first
	TrueAt          string                    `json:"trueAt"`
	KnownAt         string                    `json:"knownAt"`
	ToldAt          *string                   `json:"toldAt"` // null: what NOMIS held was not asked
	Position        uint64                    `json:"position"`
	Head            *Head                     `json:"head"` // null before the first one
	NonAssociations []RecordAsOf              `json:"nonAssociations"`
}

// Head is a signed head of the tree over all facts.
type Head struct {
	Size uint64 `json:"size"`
	Root string `json:"root"` // base64
}

// RecordAsOf is one record as it was. Open and closed are as of the time that was asked.
type RecordAsOf struct {
	FullRecord

	PrisonerNumbers [2]domain.PrisonerNumber  `json:"prisonerNumbers"` // the smaller one first
	State           string                    `json:"state"`
	Deleted         *DeletedAsOf              `json:"deleted"` // null: it was not deleted
	MovedTo         *[2]domain.PrisonerNumber `json:"movedTo"` // null: it had not left the pair
	LastFact        LastFact                  `json:"lastFact"`
	NOMIS           *HeldAsOf                 `json:"nomis"` // null: it was not asked
}

// DeletedAsOf is when a record was deleted, at whose request, and why.
type DeletedAsOf struct {
	At     string  `json:"at"` // RFC 3339
	By     string  `json:"by"`
	Reason *string `json:"reason"` // null when NOMIS deleted it
}

// LastFact is the last fact that changed a value of the record as it is shown.
type LastFact struct {
	EventID    uuid.UUID     `json:"eventId"`
	RecordedAt string        `json:"recordedAt"` // RFC 3339
	Actor      string        `json:"actor"`
	Source     domain.Source `json:"source"`
}

// HeldAsOf is what NOMIS held of a record, as far as the log knew.
type HeldAsOf struct {
	Detail *HeldDetail `json:"detail"` // null: nothing
	Since  *string     `json:"since"`  // RFC 3339; null: no fact of this pair says so
}

// HeldDetail has the values that NOMIS held. A value that the log does not know is null; of
// the dates, texts and codes that can be none as well, EffectiveDate tells: NOMIS always has
// one, so null there says that only a part is known.
type HeldDetail struct {
	AuthorisedBy  *string                                      `json:"authorisedBy"`
	Comment       *string                                      `json:"comment"`
	EffectiveDate *string                                      `json:"effectiveDate"`
	ExpiryDate    *string                                      `json:"expiryDate"`
	ReasonCodes   map[domain.PrisonerNumber]*domain.ReasonCode `json:"reasonCodes"` // one entry a side
	TypeCode      *string                                      `json:"typeCode"`
	TypeSequence  *int                                         `json:"typeSequence"`
}

// NewHeldDetail returns values of a pair by their names. sequence is 0 when it is not known.
func NewHeldDetail(pair domain.Pair, values map[domain.DetailField]*string, sequence int) *HeldDetail {
	d := &HeldDetail{
		AuthorisedBy: values[domain.DetailAuthorisedBy], Comment: values[domain.DetailComment],
		EffectiveDate: values[domain.DetailEffectiveDate], ExpiryDate: values[domain.DetailExpiryDate],
		TypeCode: values[domain.DetailTypeCode], ReasonCodes: map[domain.PrisonerNumber]*domain.ReasonCode{},
	}
	for _, number := range pair.Numbers() {
		d.ReasonCodes[number] = (*domain.ReasonCode)(values[domain.DetailReasonCode(number)])
	}
	if sequence != 0 {
		d.TypeSequence = &sequence
	}
	return d
}

// DeletedAsOf returns a deletion with the offset of its time; reason may be "".
func (v View) DeletedAsOf(at time.Time, by, reason string) *DeletedAsOf {
	return &DeletedAsOf{At: Recorded(at, v.London), By: by, Reason: orNull(reason)}
}
