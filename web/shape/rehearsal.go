package shape

import "github.com/google/uuid"

// Rehearsal is what `rehearse --json` prints.
type Rehearsal struct {
	OK         bool              `json:"ok"`
	Build      string            `json:"build"`
	Facts      int               `json:"facts"` // that were read
	Position   uint64            `json:"position"`
	Unreadable []UnreadableFact  `json:"unreadable"`
	States     *StateComparison  `json:"states"` // null: there was nothing to compare with
	Decisions  DecisionsCompared `json:"decisions"`
}

// UnreadableFact is a fact that the build cannot read.
type UnreadableFact struct {
	EventID  uuid.UUID `json:"eventId"`
	Type     string    `json:"type"`
	Position uint64    `json:"position"`
	Error    string    `json:"error"`
}

// StateComparison compares what the build folds with the read model.
type StateComparison struct {
	Compared  int              `json:"compared"` // non-associations
	Different []DifferentState `json:"different"`
}

// DifferentState is one field. Texts that people wrote are the first 12 hex digits of
// their SHA-256.
type DifferentState struct {
	Pair             [2]string  `json:"pair"`
	NonAssociationID *uuid.UUID `json:"nonAssociationId"` // null: of the pair itself
	Field            string     `json:"field"`
	Was              any        `json:"was"`
	Now              any        `json:"now"`
}

// DecisionsCompared compares what the build decides with the log.
type DecisionsCompared struct {
	Compared     int                 `json:"compared"`
	NotDecidable int                 `json:"notDecidable"`
	Different    []DifferentDecision `json:"different"`
}

// DifferentDecision is a decision that comes out otherwise. Now is a list of types, or
// "refused: " and the code.
type DifferentDecision struct {
	EventID  uuid.UUID `json:"eventId"`
	Stream   string    `json:"stream"`
	Revision uint64    `json:"revision"`
	Was      []string  `json:"was"`
	Now      any       `json:"now"`
}
