package logcheck

import (
	"time"

	"github.com/google/uuid"
)

// MaxProblems is how many problems a result lists at most. All of them are counted.
const MaxProblems = 10_000

// Kind is what is wrong. The values are shown: never change one.
type Kind string

// The kinds.
const (
	Changed     Kind = "CHANGED"     // a fact differs from its leaf
	Missing     Kind = "MISSING"     // kept, and not in the log
	Added       Kind = "ADDED"       // in the log before the last kept one, and not kept
	Moved       Kind = "MOVED"       // in another order
	BadHead     Kind = "HEAD"        // signature or root of a kept head is wrong
	Cosignature Kind = "COSIGNATURE" // a known witness did not sign this
	Fork        Kind = "FORK"        // two roots of one size
)

// Result is what a check found. It encodes as the object of verify log.
type Result struct {
	OK      bool      `json:"ok"`
	StoreID uuid.UUID `json:"storeId"`
	// From is the size of the tree that was trusted.
	From int64 `json:"from"`
	// Facts is the number of facts in the log, trusted ones included; Unsigned that of those
	// behind the last kept one.
	Facts        int64        `json:"facts"`
	Unsigned     int64        `json:"unsigned"`
	NewestHead   *NewestHead  `json:"newestHead"`
	Heads        Heads        `json:"heads"`
	Cosignatures Cosignatures `json:"cosignatures"`
	Against      *Against     `json:"against"`
	// Problems are at most MaxProblems of ProblemsTotal.
	Problems      []Problem `json:"problems"`
	ProblemsTotal int64     `json:"problemsTotal"`
	Seconds       float64   `json:"seconds"`
}

// NewestHead is the newest kept head.
type NewestHead struct {
	Size     int64     `json:"size"`
	Root     string    `json:"root"` // base64
	SignedAt time.Time `json:"signedAt"`
}

// Heads counts the kept heads.
type Heads struct {
	Checked int64 `json:"checked"`
	Good    int64 `json:"good"`
}

// Cosignatures counts those of known witnesses. Missing is the number of heads without a
// good one; it is 0 when no witness is known.
type Cosignatures struct {
	Checked int64 `json:"checked"`
	Good    int64 `json:"good"`
	Missing int64 `json:"missing"`
}

// Against is how the log compares with a checkpoint from outside.
type Against struct {
	Size int64 `json:"size"`
	// Prefix reports whether the log is proven to be a prefix of that tree, or that tree one
	// of the log.
	Prefix bool `json:"prefix"`
	// Missing is how many of its facts are gone; MissingEvents has their ids when an archive
	// names them.
	Missing       int64       `json:"missing"`
	MissingEvents []uuid.UUID `json:"missingEvents"`
	// Proven reports whether Prefix was computed. Otherwise it is false because the facts that
	// are gone would be needed, of an archive or of the kept leaves.
	Proven bool `json:"-"`
}

// Problem is one thing that is wrong. Index is the leaf's.
type Problem struct {
	Kind      Kind       `json:"kind"`
	Index     *int64     `json:"index"`
	EventID   *uuid.UUID `json:"eventId"`
	Stream    *string    `json:"stream"`
	Revision  *uint64    `json:"revision"`
	Parts     []Part     `json:"parts"`
	FirstHead *FirstHead `json:"firstHead"`
}

// FirstHead is the first kept head that covers a leaf; of a head or cosignature, that head.
type FirstHead struct {
	Size     int64     `json:"size"`
	SignedAt time.Time `json:"signedAt"`
}

// Part is a part of a fact that was changed. The values are shown: never change one.
type Part string

// The parts.
const (
	PartData       Part = "data"
	PartMetadata   Part = "metadata"
	PartStream     Part = "stream"
	PartType       Part = "type"
	PartRecordedAt Part = "recordedAt"
	PartRevision   Part = "revision"
	PartEventID    Part = "eventId"
)
