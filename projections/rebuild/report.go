package rebuild

import (
	"github.com/google/uuid"

	"nonassociations/projections/generation"
)

// Shape is that of this build.
const Shape = generation.Shape

// The outcomes of a rebuild.
const (
	Flipped  = "FLIPPED"
	BackDone = "BACK"
	Renewed  = "RENEWED"
	Adopted  = "ADOPTED"
	Would    = "WOULD"
	Differs  = "DIFFERS"
	Refused  = "REFUSED"
)

// Report is what a rebuild did.
type Report struct {
	Status      string        `json:"status"`
	From        *int          `json:"from"` // the generation that answered; nil: none
	To          *int          `json:"to"`
	Shape       int           `json:"shape"`
	Position    uint64        `json:"position"`
	Facts       uint64        `json:"facts"`
	Seconds     float64       `json:"seconds"`
	Tables      []TableReport `json:"tables"`
	Differences []Difference  `json:"differences"`
	Total       int           `json:"differencesTotal"` // rows that differ
	Expected    *Expected     `json:"expected"`
}

// TableReport is a table of the generation that was built, beside the one that answers.
type TableReport struct {
	Table      string  `json:"table"`
	Rows       uint64  `json:"rows"`
	Digest     string  `json:"digest"`
	LiveDigest *string `json:"liveDigest"` // nil: not compared
	Same       *bool   `json:"same"`
}

// Expected is what a rebuild will take.
type Expected struct {
	Rows    uint64  `json:"rows"`
	Bytes   uint64  `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// Verification is the result of a comparison of the answering generation with the log.
type Verification struct {
	OK          bool            `json:"ok"`
	Store       uuid.UUID       `json:"storeId"`
	Generation  int             `json:"generation"`
	Shape       int             `json:"shape"`
	Position    uint64          `json:"position"`
	Seconds     float64         `json:"seconds"`
	Tables      []VerifiedTable `json:"tables"`
	Differences []Difference    `json:"differences"`
	Total       int             `json:"differencesTotal"` // rows that differ
}

// VerifiedTable is a table as it answers, beside what the log gives.
type VerifiedTable struct {
	Table          string `json:"table"`
	Rows           uint64 `json:"rows"`
	Digest         string `json:"digest"`
	ExpectedRows   uint64 `json:"expectedRows"`
	ExpectedDigest string `json:"expectedDigest"`
	Same           bool   `json:"same"`
}

// The kinds of a Difference.
const (
	Changed = "CHANGED"
	Missing = "MISSING" // the log gives the row, and the read model lacks it
	Extra   = "EXTRA"   // the read model has the row, and the log does not give it
)

// Difference is a row, or a part of a row, in which read model and log differ.
type Difference struct {
	Table     string  `json:"table"`
	Key       string  `json:"key"`
	Kind      string  `json:"kind"`
	Column    *string `json:"column"`    // nil: the whole row
	Pointer   *string `json:"pointer"`   // into the JSON of the column; nil: the whole column
	ReadModel *string `json:"readModel"` // the first 12 digits of its SHA-256, or the value; nil: it is not there
	Log       *string `json:"log"`
}
