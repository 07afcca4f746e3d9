package shape

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// SyncResponse is the answer to sync and migrate: one result for each item, in the
// order of the request.
type SyncResponse struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	Results        []SyncResult          `json:"results"`
	Position       uint64                `json:"position"`
}

// SyncResult is the outcome of one item. PrisonerNumber is that of the other
// prisoner.
type SyncResult struct {
	NonAssociationID *uuid.UUID            `json:"nonAssociationId"` // null: an ignored item beside which no record counts
	PrisonerNumber   domain.PrisonerNumber `json:"prisonerNumber"`
	Outcome          domain.OutcomeKind    `json:"outcome"`
	Reason           domain.IgnoreReason   `json:"reason,omitempty"` // of IGNORED
}
