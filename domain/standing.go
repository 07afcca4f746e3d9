package domain

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Standing is where a record stands with NOMIS: by which sequence NOMIS knows it, and
// whether both have the same. It is the part of an [Exchange] that the read model keeps,
// and costs little to fold. The zero Standing says that NOMIS is not known to have the
// record.
type Standing struct {
	ID       uuid.UUID               `json:"-"`                // of the record
	Mapped   int                     `json:"mapped,omitempty"` // the sequence, neither released nor taken; 0: none
	Same     bool                    `json:"same,omitempty"`   // base is known as a whole, and is what the record is
	Base     map[DetailField]*string `json:"base,omitempty"`   // otherwise: the fields of base that are known
	Own      bool                    `json:"own,omitempty"`    // base was set by a fact of this stream
	Gone     bool                    `json:"gone,omitempty"`   // NOMIS had it, and has it no longer
	Deleted  bool                    `json:"deleted,omitempty"`
	Delivery Delivery                `json:"delivery,omitzero"`
	Differs  time.Time               `json:"differs,omitzero"` // since when it is not in step; zero: it is
}

// Recorded is the place and the time at which the store recorded a fact.
type Recorded struct {
	Revision uint64
	At       time.Time
}

// settle begins or ends the time in which the record is not in step.
func (s *Standing) settle(at time.Time) {
	if s.inStep() {
		s.Differs = time.Time{}
	} else if s.Differs.IsZero() {
		s.Differs = at
	}
}

// inStep reports whether nothing is to be written to NOMIS. A deleted record is in step
// when NOMIS does not have it.
func (s *Standing) inStep() bool {
	if s.Deleted {
		return s.Mapped == 0 && (s.Gone || !s.Same && len(s.Base) == 0)
	}
	return s.Same
}

// add folds a fact about the record into its base.
func (s *Standing) add(fact Fact, r Recorded, before, after *NonAssociation) {
	byNOMIS := fact.Meta.Source == NOMIS || fact.Meta.Source == Migration
	switch event := fact.Event.(type) {
	case Opened, Imported:
		if byNOMIS {
			s.Same, s.Base, s.Own, s.Delivery = true, nil, true, Delivery{r.At, r.Revision}
		}
	case Amended:
		if !byNOMIS {
			s.changed(before, after)
			return
		}
		s.amend(event, r, after)
	case Closed, Reopened, Restored:
		s.changed(before, after)
	case Deleted:
		s.Gone = s.Gone || byNOMIS && s.Mapped == 0 // of a mapped one NOMIS says when the sequence is free
	case Delivered:
		s.deliver(event, before)
		s.Delivery = Delivery{r.At, event.Revision}
		s.compare(after)
	case SequenceLearned:
		s.Gone = false
	case SequenceReleased:
		if before.TypeSequence == event.TypeSequence {
			*s = Standing{ID: s.ID, Mapped: s.Mapped, Own: true, Gone: true, Differs: s.Differs}
		}
	case TransferredIn:
		if s.Own || event.OwnSince == nil {
			s.changed(before, after)
			return
		}
		s.Same, s.Base, s.Delivery = false, map[DetailField]*string{}, Delivery{}
		for f := range event.OwnSince {
			s.Base[f] = event.Base.Get(f)
		}
		s.compare(after)
	default:
	}
}

// amend sets the fields of base that NOMIS has changed.
func (s *Standing) amend(event Amended, r Recorded, after *NonAssociation) {
	for _, c := range event.Changes {
		f, is := c.detailField()
		if !is {
			continue
		}
		s.Own, s.Gone, s.Delivery = true, false, Delivery{r.At, r.Revision}
		if !s.Same { // a base that was the same follows by itself
			detail, _ := after.Detail()
			s.set(f, detail.Get(f))
		}
	}
	s.compare(after)
}

// deliver sets base to a detail, but for the fields that are held.
func (s *Standing) deliver(event Delivered, before *NonAssociation) {
	if s.Same {
		s.Same, s.Base = false, before.detailValues()
	}
	for _, f := range event.Detail.fields() {
		if !slices.Contains(event.Held, f) {
			s.set(f, event.Detail.Get(f))
			s.Own = true
		}
	}
	s.Gone = false
}

// set sets a field of a base that is not the same. The map is copied: an earlier
// Standing may share it.
func (s *Standing) set(f DetailField, value *string) {
	s.Base = maps.Clone(s.Base)
	if s.Base == nil {
		s.Base = map[DetailField]*string{}
	}
	s.Base[f] = value
}

// changed compares after a change that NOMIS has not made.
func (s *Standing) changed(before, after *NonAssociation) {
	if s.Same {
		s.Same, s.Base = false, before.detailValues()
	}
	s.compare(after)
}

// compare finds whether base is the same as the record.
func (s *Standing) compare(n *NonAssociation) {
	if s.Same || len(s.Base) == 0 {
		return
	}
	detail, _ := n.Detail()
	for _, f := range detail.fields() {
		if value, known := s.Base[f]; !known || !equalText(value, detail.Get(f)) {
			return
		}
	}
	s.Same, s.Base = true, nil
}

// detailValues returns every value of the record in canonical form.
func (n *NonAssociation) detailValues() map[DetailField]*string {
	detail, _ := n.Detail()
	values := map[DetailField]*string{}
	for _, f := range detail.fields() {
		values[f] = detail.Get(f)
	}
	return values
}

// IsShortened reports whether NOMIS cannot hold the whole of a text of the record.
func (n NonAssociation) IsShortened() bool {
	// A text has at most as many UTF-16 units as bytes, so most are not looked at.
	if (n.Comment == nil || len(*n.Comment) <= MaxComment) && (n.AuthorisedBy == nil || len(*n.AuthorisedBy) <= MaxAuthorisedBy) {
		return false
	}
	_, shortened := n.Detail()
	return shortened
}
