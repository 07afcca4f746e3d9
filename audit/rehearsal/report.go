package rehearsal

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// Report is what a rehearsal found. It holds prisoner numbers, and no text that people
// wrote.
type Report struct {
	Facts      int    // that were read, the unreadable ones included
	Position   uint64 // of the last one
	Unreadable []Unreadable
	States     *States // nil: there was no read model to compare with
	Decisions  Decisions
}

// OK reports whether nothing was found.
func (r Report) OK() bool {
	return len(r.Unreadable) == 0 && len(r.Decisions.Different) == 0 && (r.States == nil || len(r.States.Different) == 0)
}

// Unreadable is a fact that this build cannot read.
type Unreadable struct {
	EventID  uuid.UUID
	Type     string // as stored
	Position uint64
	Error    string // the cause, without a value of the fact
}

// States is the comparison of states with those of the read model.
type States struct {
	Compared  int // non-associations, deleted ones included
	Different []StateDifference
}

// StateDifference is a field of a pair, or of one of its non-associations, that this
// build folds otherwise. Was is the read model's value and Now this build's, both as
// JSON. A text that people wrote is replaced by the first 12 hex digits of its SHA-256.
type StateDifference struct {
	Pair             [2]domain.PrisonerNumber
	NonAssociationID *uuid.UUID // nil: of the pair
	Field            string     // its name in the stored state; "id" for a whole record
	Was, Now         any        // nil: there is none
}

// Decisions is the comparison of decisions with those in the log.
type Decisions struct {
	Compared int
	// NotDecidable counts the decisions that cannot be decided again: they have no
	// recorded command, or were halves of a merge, or follow a fact that cannot be read.
	NotDecidable int
	Different    []DecisionDifference
}

// DecisionDifference is a decision that comes out otherwise.
type DecisionDifference struct {
	EventID  uuid.UUID // of its first fact, as are Stream and Revision
	Stream   string
	Revision uint64
	Was      []string // the types of the facts, as stored
	Now      []string // the types of the events of this build; nil when it refuses
	Refused  string   // the code of the refusal, or a word; "" when it does not refuse
}
