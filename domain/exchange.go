package domain

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Exchanges folds what the log says of the records of one pair and NOMIS. It includes a
// [Folding] of the pair, which it owns. It keeps every form that a record has had, so it
// serves the comparison with NOMIS and not the loop that writes. One goroutine owns it.
type Exchanges struct {
	folding *Folding
	records map[uuid.UUID]*Exchange
}

// Exchange is what the log says of one record and NOMIS. Base is what NOMIS is known to
// have held last, field by field. Its methods may be called by several goroutines.
type Exchange struct {
	base     map[DetailField]baseValue
	forms    []form                    // that the record has had, oldest first
	carried  map[DetailField][]*string // that a transfer brought along
	baseOwn  bool                      // base was set by a fact of this stream, not by a transfer alone
	held     bool                      // NOMIS was ever known to hold it
	unheld   int                       // how many of the forms it had before that
	released bool                      // NOMIS was known to hold it, and holds it no longer
	delivery Delivery                  // that set the base last
	readBack *Delivered                // the last one
	apart    time.Time                 // since when it is other than the base; zero: it is not
}

// baseValue is a value that NOMIS held, and the revision of the record that it was. first is
// that of the earliest of the facts that say the same without another one between them.
type baseValue struct {
	value           *string
	revision, first uint64
}

// form is the canonical form of a record from a revision on.
type form struct {
	revision uint64
	detail   Detail
}

// Delivery is when NOMIS is known to have held a record last. The zero Delivery means
// never.
type Delivery struct {
	At       time.Time `json:"at"`       // at which that was recorded
	Revision uint64    `json:"revision"` // of the stream, as of which the record was that
}

// NewExchanges begins before the first fact of a pair.
func NewExchanges(pair Pair) *Exchanges {
	return &Exchanges{folding: NewFolding(State{Pair: pair}), records: map[uuid.UUID]*Exchange{}}
}

// State returns the state of the pair after the facts so far.
func (x *Exchanges) State() State { return x.folding.State() }

// Of returns what is known of a record. It is empty for one that the pair does not have.
func (x *Exchanges) Of(id uuid.UUID) Exchange {
	if e := x.records[id]; e != nil {
		return *e
	}
	return Exchange{}
}

// Add folds the next fact of the pair, of a revision of its stream and a time at which
// it was recorded.
func (x *Exchanges) Add(revision uint64, recordedAt time.Time, fact Fact) {
	id := fact.Event.About()
	before, _ := x.folding.Find(id)
	x.folding.Add(fact)
	after, is := x.folding.Find(id)
	if !is {
		delete(x.records, id)
		return
	}
	e := x.records[id]
	if e == nil {
		e = &Exchange{base: map[DetailField]baseValue{}}
		x.records[id] = e
	}
	e.add(revision, recordedAt, fact, before, after)
	e.setApart(recordedAt, after, x.folding.State().Pair)
}

// add folds a fact about the record.
func (e *Exchange) add(revision uint64, recordedAt time.Time, fact Fact, before, after NonAssociation) {
	detail, _ := after.Detail()
	if len(e.forms) == 0 || !e.forms[len(e.forms)-1].detail.Equal(detail) {
		e.forms = append(e.forms, form{revision, detail})
	}
	if _, given := sequenceOf(fact.Event); given != 0 {
		e.released, e.held = false, true
	}
	byNOMIS := fact.Meta.Source == NOMIS || fact.Meta.Source == Migration
	switch event := fact.Event.(type) {
	case Opened, Imported:
		if byNOMIS {
			e.hold(detail, revision, nil)
			e.delivery = Delivery{recordedAt, revision}
		}
	case Amended:
		for _, c := range event.Changes {
			if f, is := c.detailField(); is && byNOMIS {
				e.setBase(f, detail.Get(f), revision)
				e.delivery, e.released = Delivery{recordedAt, revision}, false
			}
		}
	case Delivered:
		e.hold(event.Detail, event.Revision, event.Held)
		e.delivery, e.readBack, e.released = Delivery{recordedAt, event.Revision}, &event, false
	case SequenceReleased:
		if before.TypeSequence == event.TypeSequence {
			*e = Exchange{
				base: map[DetailField]baseValue{}, baseOwn: true, released: true, forms: e.forms, held: true, unheld: e.unheld, apart: e.apart,
			}
		}
	case TransferredIn:
		e.transferIn(event, revision)
	default:
	}
	if e.held = e.held || len(e.base) > 0; !e.held {
		e.unheld = len(e.forms)
	}
}

// hold sets the base to a whole detail, as of a revision, but for some fields.
func (e *Exchange) hold(detail Detail, revision uint64, except []DetailField) {
	for _, f := range detail.fields() {
		if !slices.Contains(except, f) {
			e.setBase(f, detail.Get(f), revision)
		}
	}
}

// setBase sets one field. The map is copied, because a caller may hold the Exchange.
func (e *Exchange) setBase(f DetailField, value *string, revision uint64) {
	e.base, e.carried, e.baseOwn = maps.Clone(e.base), maps.Clone(e.carried), true
	first := revision
	if before, known := e.base[f]; known && equalText(before.value, value) {
		first = before.first
	}
	e.base[f] = baseValue{value, revision, first}
	delete(e.carried, f)
}

// transferIn takes over what a record brings along. What is known from this stream is
// newer and stays. The forms of the other numbers are no forms of this pair.
func (e *Exchange) transferIn(event TransferredIn, revision uint64) {
	if e.baseOwn || event.OwnSince == nil {
		return
	}
	e.base, e.carried, e.delivery = map[DetailField]baseValue{}, maps.Clone(event.OwnSince), Delivery{}
	for f := range event.OwnSince {
		e.base[f] = baseValue{event.Base.Get(f), revision, revision}
	}
}

// Base returns the value that NOMIS is known to have held last. It returns false when
// that is not known.
func (e Exchange) Base(f DetailField) (value *string, known bool) {
	b, known := e.base[f]
	return b.value, known
}

// HasBase reports whether any field has a base.
func (e Exchange) HasBase() bool { return len(e.base) > 0 }

// WholeBase returns what NOMIS is known to have held last. It returns false when a field
// of the pair is not known.
func (e Exchange) WholeBase(pair Pair) (Detail, bool) {
	base := Detail{ReasonCodes: map[PrisonerNumber]ReasonCode{}}
	for _, f := range DetailFields(pair) {
		b, known := e.base[f]
		if !known {
			return Detail{}, false
		}
		base = base.With(f, b.value)
	}
	return base, true
}

// Revision returns the revision at which the record got its present form.
func (e Exchange) Revision() uint64 {
	if len(e.forms) == 0 {
		return 0
	}
	return e.forms[len(e.forms)-1].revision
}

// Delivery returns when NOMIS is known to have held the record last, in the pair of the
// stream.
func (e Exchange) Delivery() Delivery { return e.delivery }

// ReadBack returns the last fact that says what NOMIS holds of the record. It returns
// false when there is none since NOMIS lost it.
func (e Exchange) ReadBack() (Delivered, bool) {
	if e.readBack == nil {
		return Delivered{}, false
	}
	return *e.readBack, true
}

// Held reports whether NOMIS was ever known to hold the record, or any value of it.
func (e Exchange) Held() bool { return e.held }

// Released reports whether NOMIS held the record once and is known to hold it no longer.
func (e Exchange) Released() bool { return e.released }

// fields returns every field of the detail.
func (d Detail) fields() []DetailField {
	all := []DetailField{DetailTypeCode, DetailEffectiveDate, DetailExpiryDate, DetailAuthorisedBy, DetailComment}
	for number := range d.ReasonCodes {
		all = append(all, DetailReasonCode(number))
	}
	return all
}

// detailField returns the field of a [Detail] that the change is of. It returns false
// for a change that NOMIS does not see.
func (c Change) detailField() (DetailField, bool) {
	switch c.Field {
	case FieldAuthorisedBy:
		return DetailAuthorisedBy, true
	case FieldComment:
		return DetailComment, true
	case FieldEffectiveDate:
		return DetailEffectiveDate, true
	case FieldExpiryDate:
		return DetailExpiryDate, true
	case FieldTypeCode:
		return DetailTypeCode, true
	case FieldReasonCode:
		return DetailReasonCode(c.PrisonerNumber), true
	case FieldReason, FieldRestriction, FieldRole, FieldTypeSequence:
	}
	return "", false
}
