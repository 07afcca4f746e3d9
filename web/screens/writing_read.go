package screens

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/queries"
)

// writing is one request of a form, with what is read for it.
type writing struct {
	form     form
	key      domain.PrisonerNumber // whose page it is
	pair     domain.Pair           // the zero Pair while a record cannot be found
	id       uuid.UUID             // of the record; the nil UUID of an add
	record   *domain.NonAssociation
	closed   []domain.NonAssociation // of the pair, of an add
	open     *domain.NonAssociation  // of the pair, of an add
	position uint64

	// merged is the removed number that the address has, and survivor the one that it is
	// now; "" for none.
	merged, survivor domain.PrisonerNumber

	everybody people
	p, o      person // the key prisoner and the other
}

// readWriting reads what a form is about. An error that passes leaves what the address
// says, so that what was typed can be shown again.
func (s *Screens) readWriting(ctx context.Context, v *visit, f form) (writing, error) {
	w := writing{form: f}
	var err error
	if w.key, err = v.number("pn"); err != nil {
		return w, err
	}
	if f.act == domain.ActAdd {
		err = s.readPair(ctx, v, &w)
	} else {
		err = s.readStored(ctx, v, &w)
	}
	if err != nil && failureOf(err).status != http.StatusServiceUnavailable {
		return w, err
	}
	if found := s.readPeople(ctx, &w); err == nil {
		err = found
	}
	return w, err
}

// readPair reads the records that a pair has already. A number that was removed counts as
// the one that survives.
func (s *Screens) readPair(ctx context.Context, v *visit, w *writing) error {
	other, err := v.number("other")
	if err != nil {
		return err
	}
	if w.pair, err = domain.NewPair(w.key, other); err != nil {
		return notFound()
	}
	for _, named := range []domain.PrisonerNumber{w.key, other} {
		survivor, err := s.survivorOf(ctx, named)
		if err != nil {
			return err
		}
		if survivor == "" {
			continue
		}
		w.merged, w.survivor = named, survivor
		if named == w.key {
			w.key = survivor
		} else {
			other = survivor
		}
	}
	if w.pair, err = domain.NewPair(w.key, other); err != nil {
		return notFound()
	}
	found, err := s.reads.OfPrisoner(ctx, w.key, 0)
	w.position = found.Position
	w.divide(found.Records, domain.Today(v.now))
	return err
}

// survivorOf returns the number that a removed number without records is now; "" for every
// other number.
func (s *Screens) survivorOf(ctx context.Context, number domain.PrisonerNumber) (domain.PrisonerNumber, error) {
	found, err := s.reads.OfPrisoner(ctx, number, 0)
	return found.Survivor, err
}

// divide keeps the records of the pair, the newest closed one first.
func (w *writing) divide(records []queries.Record, today string) {
	for _, r := range records {
		switch {
		case r.Pair != w.pair:
		case r.NonAssociation.IsClosed(today):
			w.closed = append([]domain.NonAssociation{r.NonAssociation}, w.closed...)
		default:
			w.open = &r.NonAssociation
		}
	}
}

// readStored reads the record of the address. A deleted one has a pair and no record. It
// is not found only after the whole log has been applied.
func (s *Screens) readStored(ctx context.Context, v *visit, w *writing) error {
	var err error
	if w.id, err = v.recordID(); err != nil {
		return err
	}
	found, err := s.findStored(ctx, w, 0)
	if err != nil || found {
		return err
	}
	head, err := s.reachHead(ctx)
	if err != nil {
		return err
	}
	if found, err = s.findStored(ctx, w, head); err == nil && !found {
		return notFound()
	}
	return err
}

// findStored reads the record from a read model that reflects a position, and reports
// whether it is the key prisoner's.
func (s *Screens) findStored(ctx context.Context, w *writing, atLeast uint64) (bool, error) {
	found, err := s.reads.One(ctx, w.id, atLeast)
	if err != nil {
		return false, err
	}
	w.position = found.Position
	pair, known := domain.Pair{}, len(found.Records) > 0
	if known {
		pair, w.record = found.Records[0].Pair, &found.Records[0].NonAssociation
	} else if pair, known, err = s.reads.PairOf(ctx, w.id, found.Position); err != nil || !known {
		return false, err
	}
	if !pair.Has(w.key) {
		survivor, err := s.survivorOf(ctx, w.key)
		if err != nil || survivor == "" || !pair.Has(survivor) {
			return false, err
		}
		w.merged, w.survivor, w.key = w.key, survivor, survivor
	}
	w.pair = pair
	return true, nil
}

// readPeople asks the directory for both prisoners.
func (s *Screens) readPeople(ctx context.Context, w *writing) error {
	numbers := []domain.PrisonerNumber{w.key}
	if w.pair.Has(w.key) {
		numbers = append(numbers, w.pair.Other(w.key))
	}
	var err error
	w.everybody, err = s.find(ctx, numbers)
	w.p = w.everybody.of(w.key)
	if len(numbers) > 1 {
		w.o = w.everybody.of(numbers[1])
	}
	return err
}

// fits reports whether the record is there and can take the act.
func (w writing) fits(today string) bool {
	if w.form.act == domain.ActAdd {
		return true
	}
	return w.record != nil && w.form.act.Fits(w.record.IsClosed(today))
}

// isNamedFirst reports whether the record names the key prisoner first. One that does not
// say so begins with the smaller number.
func (w writing) isNamedFirst() bool {
	first := w.pair.Numbers()[0]
	if w.record != nil && w.pair.Has(w.record.FirstPrisoner) {
		first = w.record.FirstPrisoner
	}
	return first == w.key
}

// path returns the address of the form.
func (w writing) path() string {
	if w.form.act == domain.ActAdd {
		return listPath(w.key, openKind) + "/add/with-prisoner/" + string(w.o.Number)
	}
	return recordPath(w.key, w.id) + "/" + w.form.id
}

// movedTo returns the address of the form under the numbers that survive.
func (w writing) movedTo(r *http.Request) string {
	query := r.URL.Query()
	query.Set("merged", string(w.merged))
	return addressOf(w.path(), query)
}

// stored returns the values of the record as the form has them, from the key prisoner's
// side. Only an update begins with them.
func (w writing) stored() url.Values {
	values := url.Values{}
	n := w.record
	if w.form.act != domain.ActUpdate || n == nil {
		return values
	}
	values.Set(fieldReason, string(n.Reason))
	values.Set(fieldRole, string(n.Sides[w.p.Number].Role))
	values.Set(fieldOtherRole, string(n.Sides[w.o.Number].Role))
	values.Set(fieldRestriction, string(n.Restriction))
	if n.Comment != nil {
		values.Set(fieldComment, *n.Comment)
	}
	return values
}
