// Package proofcheck judges the proof of one fact: its leaf, its signatures, and whether
// data and metadata that somebody holds are those of the fact. It needs nothing but these.
package proofcheck

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
)

// Sameness says whether given bytes are those of the fact. The values are shown: never
// change one.
type Sameness string

// The values of Sameness.
const (
	Same     Sameness = "SAME"
	Differs  Sameness = "DIFFERS"
	NotGiven Sameness = "NOT_GIVEN"
)

// Result is what a check found. It encodes as the object of verify proof.
type Result struct {
	OK         bool        `json:"ok"`
	Origin     string      `json:"origin"`
	Size       int64       `json:"size"`
	Index      int64       `json:"index"`
	Leaf       Leaf        `json:"leaf"`
	Signatures []Signature `json:"signatures"`
	Data       Sameness    `json:"data"`
	Metadata   Sameness    `json:"metadata"`
	// Leads reports whether the hashes lead from the leaf to the root that is signed.
	Leads bool `json:"-"`
}

// Leaf is what a leaf says of its fact.
type Leaf struct {
	EventID    uuid.UUID `json:"eventId"`
	Revision   uint64    `json:"revision"`
	Type       string    `json:"type"`
	RecordedAt time.Time `json:"recordedAt"`
}

// Signature is one of the note. Time is the witness's word.
type Signature struct {
	Name  string        `json:"name"`
	Kind  evidence.Kind `json:"kind"`
	Known bool          `json:"known"`
	Good  bool          `json:"good"`
	Time  *time.Time    `json:"time"`
}

// Fact has the bytes that somebody holds of a fact. nil: they were not given.
type Fact struct{ Data, Metadata []byte }

// ErrUnknown means that none of the keys is one of a log that signed: nothing can be judged.
var ErrUnknown = errors.New("none of the given keys is the log's that signed this proof")

// Check judges the text of a .tlog-proof. Errors mean that it cannot be judged: ErrUnknown,
// and those of evidence for a text that is no proof of a leaf.
func Check(text string, keys evidence.Keys, fact Fact) (Result, error) {
	proof, err := evidence.ParseProof(text)
	if err != nil {
		return Result{}, err
	}
	if proof.Leaf == nil {
		return Result{}, fmt.Errorf("%w: it has no line extra, in which the leaf is", evidence.ErrProof)
	}
	leaf, err := evidence.ParseLeaf(proof.Leaf)
	if err != nil {
		return Result{}, fmt.Errorf("read the leaf of the proof: %w", err)
	}
	note, err := proof.Note()
	if err != nil {
		return Result{}, err
	}
	if !note.KnowsLog(keys) {
		return Result{}, ErrUnknown
	}
	r := Result{
		Origin: note.Origin, Size: note.Size, Index: proof.Index, Leads: proof.Check() == nil,
		Leaf:       Leaf{leaf.EventID, leaf.Revision, leaf.Type, leaf.RecordedAt},
		Signatures: signatures(note.Check(keys)), Data: NotGiven, Metadata: NotGiven,
	}
	if fact.Metadata != nil {
		r.Metadata = sameness(evidence.MetadataDigest(fact.Metadata) == leaf.Metadata)
	}
	if fact.Data != nil {
		r.Data = sameness(evidence.DataDigest(evidence.CommandID(fact.Metadata), fact.Data) == leaf.Data)
	}
	r.OK = r.Leads && note.SignedBy(keys) && r.Data != Differs && r.Metadata != Differs && !forged(r.Signatures)
	return r, nil
}

func sameness(same bool) Sameness {
	if same {
		return Same
	}
	return Differs
}

func signatures(checked []evidence.Checked) []Signature {
	all := make([]Signature, 0, len(checked))
	for _, c := range checked {
		s := Signature{Name: c.Name, Kind: c.Kind, Known: c.Known, Good: c.Good}
		if !c.Time.IsZero() {
			s.Time = &c.Time
		}
		all = append(all, s)
	}
	return all
}

// forged reports whether a signature of a known key is wrong.
func forged(signatures []Signature) bool {
	for _, s := range signatures {
		if s.Known && !s.Good {
			return true
		}
	}
	return false
}
