package shape

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"nonassociations/domain"
)

// Requested is the answer to the request of a run.
type Requested struct {
	ID uuid.UUID `json:"id"`
}

// Reconciliation is one run. Each column of the buckets sums to its total, else the run
// has failed and names the sum.
type Reconciliation struct {
	ID        uuid.UUID `json:"id"`
	Scope     string    `json:"scope"`
	Status    string    `json:"status"`
	StartedAt string    `json:"startedAt"` // RFC 3339; of the request until a process has begun it
	EndedAt   *string   `json:"endedAt"`   // null while it is running

	BucketCount // the totals

	Buckets  ReconciliationBuckets `json:"buckets"`
	Failure  *string               `json:"failure"`
	Requests int64                 `json:"requests"` // sent to NOMIS
	Seconds  float64               `json:"seconds"`
	Position uint64                `json:"position"` // of the last fact when it began; 0 before
	// AllowUnchecked says that unchecked ones do not fail the run, and UncheckedCauses count
	// why they are.
	AllowUnchecked  bool             `json:"allowUnchecked"`
	UncheckedCauses []UncheckedCause `json:"uncheckedCauses"` // never null
	Pairs           PairsDone        `json:"pairs"`
}

// BucketCount counts the non-associations of a bucket: here, in NOMIS, and of both
// without counting one twice.
type BucketCount struct {
	Ours   int `json:"ours"`
	Theirs int `json:"theirs"`
	Union  int `json:"union"`
}

// ReconciliationBuckets has every bucket. A non-association is in exactly one.
type ReconciliationBuckets struct {
	Same            BucketCount `json:"same"`
	Differs         BucketCount `json:"differs"`
	OnlyHere        BucketCount `json:"onlyHere"`
	OnlyThere       BucketCount `json:"onlyThere"`
	MirrorsDisagree BucketCount `json:"mirrorsDisagree"`
	Held            BucketCount `json:"held"`
	Ignored         BucketCount `json:"ignored"`
	Accepted        BucketCount `json:"accepted"`
	Unchecked       BucketCount `json:"unchecked"`
}

// UncheckedCause is a cause, as a sentence, and how many non-associations it has.
type UncheckedCause struct {
	Cause string `json:"cause"`
	Count int    `json:"count"`
}

// PairsDone is how far a run is. The total is not whole until all pairs are listed.
type PairsDone struct {
	Total int `json:"total"`
	Done  int `json:"done"`
}

// Difference is one non-association that is not in step with NOMIS, or a pair that could
// not be compared.
type Difference struct {
	ID               uuid.UUID               `json:"id"`
	Version          int                     `json:"version"`
	Pair             []domain.PrisonerNumber `json:"pair"`
	NonAssociationID *uuid.UUID              `json:"nonAssociationId"` // null: only NOMIS has it
	TypeSequence     *int                    `json:"typeSequence"`     // null: NOMIS does not have it
	Bucket           string                  `json:"bucket"`
	Problem          *string                 `json:"problem"` // null: a step solves it
	Fields           []DifferenceField       `json:"fields"`  // never null
	Why              string                  `json:"why"`
	Cause            string                  `json:"cause"`
	FirstSeen        string                  `json:"firstSeen"` // RFC 3339
	LastSeen         string                  `json:"lastSeen"`
	State            string                  `json:"state"`
	DecidedBy        *string                 `json:"decidedBy"`
	Reason           *string                 `json:"reason"`
	Until            *string                 `json:"until"` // a day
}

// DifferenceField is a value in which the sides differ: ours and theirs, or where NOMIS
// differs from itself the two rows, of the lower number and of the higher. Each value is
// a text or null.
type DifferenceField struct {
	Field          string                `json:"field"`
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber,omitzero"` // whose reason code it is
	Ours           jsontext.Value        `json:"ours,omitzero"`
	Theirs         jsontext.Value        `json:"theirs,omitzero"`
	Forwards       jsontext.Value        `json:"forwards,omitzero"`
	Backwards      jsontext.Value        `json:"backwards,omitzero"`
}

// Step is one thing that brings the two systems together.
type Step struct {
	Step             string     `json:"step"`
	NonAssociationID *uuid.UUID `json:"nonAssociationId"`
	TypeSequence     *int       `json:"typeSequence"`
	Why              string     `json:"why"`
}

// Repaired is what a repair did, or would do, and the difference after it.
type Repaired struct {
	Steps      []Step     `json:"steps"` // never null
	Difference Difference `json:"difference"`
}

// RepairPlan is what a repair of many differences would do.
type RepairPlan struct {
	PlanID  string `json:"planId"`
	Count   int    `json:"count"`   // of the differences that it repairs
	LeftOut int    `json:"leftOut"` // of those that match and are not repaired by it
	Steps   []Step `json:"steps"`   // never null
}

// RepairOutcome is what a plan did.
type RepairOutcome struct {
	PlanID string         `json:"planId"`
	Count  int            `json:"count"` // of the differences that are repaired
	Steps  []Step         `json:"steps"`
	Failed []FailedRepair `json:"failed"`
	Left   int            `json:"left"` // there was no time for; a new plan has them
}

// FailedRepair is a difference that stays, and why.
type FailedRepair struct {
	ID  uuid.UUID `json:"id"`
	Why string    `json:"why"`
}
