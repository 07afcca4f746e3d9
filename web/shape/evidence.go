package shape

import "github.com/google/uuid"

// RecordProof proves all facts of a record.
type RecordProof struct {
	NonAssociationID uuid.UUID   `json:"nonAssociationId"`
	Checkpoint       string      `json:"checkpoint"` // the signed head that the proofs lead to
	Facts            []FactProof `json:"facts"`      // in the order of the log; never null
}

// FactProof proves one fact.
type FactProof struct {
	EventID uuid.UUID `json:"eventId"`
	Index   int64     `json:"index"` // in the tree
	Leaf    string    `json:"leaf"`
	Proof   string    `json:"proof"` // text of a .tlog-proof
}
