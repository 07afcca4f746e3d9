package bundle

import (
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Contents are what a bundle is made of. Two equal Contents make the same bytes.
type Contents struct {
	PrisonerNumber domain.PrisonerNumber
	KnownAt        time.Time // facts that were recorded later are left out
	MadeAt         time.Time
	User, Reason   string
	Facts          []Fact
	Signed         string   // the note of the head with its cosignatures; "" without one
	Keys           []string // vkeys of the log and of its witness, the signing one first
	Page           []byte   // page.html
	Views          []byte   // views.csv; nil: it was not asked for
	Withheld       bool     // others are withheld
}

// Head is the size and the root of the head that proves a bundle.
type Head struct {
	Size int64
	Root tlog.Hash
}

// Fact is a fact of the log and what proves it.
type Fact struct {
	Recorded eventstore.RecordedEvent
	// Proof has index and leaf. It is nil for a fact that the head does not cover.
	Proof *evidence.Proof
}

// Uncovered returns the facts that nothing proves yet.
func (c Contents) Uncovered() []Fact {
	var all []Fact
	for _, f := range c.Facts {
		if f.Proof == nil {
			all = append(all, f)
		}
	}
	return all
}

// Gaps returns where facts of a stream are not in the bundle, by the names that it shows.
func (c Contents) Gaps() []Gap {
	withhold := c.withholding()
	all := make([]line, len(c.Facts))
	for i, f := range c.Facts {
		all[i] = lineOf(f, withhold)
	}
	return gapsOf(all)
}

// withholding returns nil when nothing is withheld.
func (c Contents) withholding() *withholding {
	if !c.Withheld {
		return nil
	}
	return &withholding{c.PrisonerNumber, map[string]int{}}
}
