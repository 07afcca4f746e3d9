package api

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// syncRequest is a valid request to sync or migrate.
type syncRequest struct {
	prisonerNumber domain.PrisonerNumber
	items          []syncItem
}

// syncItem is one item with its pair.
type syncItem struct {
	domain.Item

	pair  domain.Pair
	other domain.PrisonerNumber
}

// rawSyncItem is an item whose values are not all known to be valid.
type rawSyncItem struct {
	id                      field[uuid.UUID]
	typeSequence            field[int]
	reasonCode, otherReason field[domain.ReasonCode]
	typeCode                field[domain.TypeCode]
	effective, expiry       field[domain.LocalDateTime]
	precision               field[domain.Precision]
	authorisedBy, comments  field[string]
	side                    presence
	other                   field[domain.PrisonerNumber]
}

// decodeSyncRequest parses a body, or returns a 400 with everything that is wrong
// with it.
func decodeSyncRequest(body *bytes.Buffer) (syncRequest, error) {
	d := newDecoder(body)
	about, raw, err := d.syncRequest()
	if err == nil {
		err = d.end()
	}
	if err == nil && about.given {
		d.checkPairs(about.value, raw)
		d.checkNames(raw)
	}
	if err := d.result(err); err != nil {
		return syncRequest{}, err
	}
	return assemble(about.value, raw), nil
}

// syncRequest reads the outer object. Every item is read, also after a fault.
func (d *decoder) syncRequest() (about field[domain.PrisonerNumber], items []rawSyncItem, err error) {
	listed := absent
	found, err := d.object(func(name string) (err error) {
		switch name {
		case "prisonerNumber":
			return text(d, &about, domain.ParsePrisonerNumber)
		case "nonAssociations":
			listed, err = d.array(func() error { return d.item(&items) })
			return err
		default:
			return d.json.SkipValue()
		}
	})
	switch {
	case err != nil:
		return about, nil, err
	case found == absent:
		d.fault("must be an object")
	case found == whole:
		need(d, about, "prisonerNumber")
		if listed == absent {
			d.lacks("nonAssociations")
		}
	}
	return about, items, nil
}

// item reads one item and appends it, also a bad one: pointers count places in the
// list.
func (d *decoder) item(items *[]rawSyncItem) error {
	var i rawSyncItem
	found, err := d.object(func(name string) error { return d.member(&i, name) })
	*items = append(*items, i)
	switch {
	case err != nil:
		return err
	case found == absent:
		d.fault("must be an object")
	case found == whole:
		need(d, i.reasonCode, "reasonCode")
		need(d, i.typeCode, "typeCode")
		need(d, i.effective, "effectiveDate")
		if i.side == absent {
			d.lacks("prisonerNonAssociation")
		}
		d.checkDays(&i)
	}
	return nil
}

// member reads one field of an item. Unknown fields are skipped.
func (d *decoder) member(i *rawSyncItem, name string) (err error) {
	switch name {
	case "id":
		return text(d, &i.id, parseID)
	case "typeSequence":
		return number(d, &i.typeSequence, parseSequence)
	case "reasonCode":
		return text(d, &i.reasonCode, reasonCode)
	case "typeCode":
		return text(d, &i.typeCode, typeCode)
	case "effectiveDate":
		return text(d, &i.effective, domain.ParseLocalDateTime)
	case "expiryDate":
		return text(d, &i.expiry, domain.ParseLocalDateTime)
	case "datePrecision":
		return text(d, &i.precision, parsePrecision)
	case "authorisedBy":
		return text(d, &i.authorisedBy, authorisedBy)
	case "comments":
		return text(d, &i.comments, comments)
	case "prisonerNonAssociation":
		i.side, err = d.otherSide(i)
		return err
	}
	return d.json.SkipValue()
}

// otherSide reads the other prisoner of an item.
func (d *decoder) otherSide(i *rawSyncItem) (presence, error) {
	found, err := d.object(func(name string) error {
		switch name {
		case "prisonerNumber":
			return text(d, &i.other, domain.ParsePrisonerNumber)
		case "reasonCode":
			return text(d, &i.otherReason, reasonCode)
		}
		return d.json.SkipValue()
	})
	if err == nil && found == whole {
		need(d, i.other, "prisonerNumber")
		need(d, i.otherReason, "reasonCode")
	}
	return found, err
}

// checkPairs adds the faults that show only when the whole request is read.
func (d *decoder) checkPairs(about domain.PrisonerNumber, raw []rawSyncItem) {
	ofPair := make(map[domain.PrisonerNumber]int, len(raw))
	for i := range raw {
		if !raw[i].other.given {
			continue
		}
		other := raw[i].other.value
		at := "/nonAssociations/" + strconv.Itoa(i) + "/prisonerNonAssociation/prisonerNumber"
		if other == about {
			d.faultAt(at, domain.ErrSelfPair.Error())
			continue
		}
		if ofPair[other]++; ofPair[other] == domain.MaxItems+1 {
			d.faultAt(at, fmt.Sprintf("must be named by at most %d items", domain.MaxItems))
		}
	}
}

// assemble builds items of valid values.
func assemble(about domain.PrisonerNumber, raw []rawSyncItem) syncRequest {
	s := syncRequest{prisonerNumber: about, items: make([]syncItem, len(raw))}
	for n := range raw {
		i := &raw[n]
		pair, err := domain.NewPair(about, i.other.value)
		if err != nil {
			panic("a pair was not checked: " + err.Error()) // a bug: checkPairs refuses it
		}
		item := domain.Item{
			AuthorisedBy: noteOf(&i.authorisedBy), Comment: noteOf(&i.comments),
			DatePrecision: i.precision.value, EffectiveDate: i.effective.value, ID: i.id.value,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{
				about: i.reasonCode.value, i.other.value: i.otherReason.value,
			},
			TypeCode: i.typeCode.value, TypeSequence: i.typeSequence.value,
		}
		if i.expiry.given {
			item.ExpiryDate = &i.expiry.value
		}
		s.items[n] = syncItem{item, pair, i.other.value}
	}
	return s
}

// noteOf returns a text as the record keeps it. NOMIS's database has no empty text:
// it means none.
func noteOf(f *field[string]) *string {
	if f.value == "" {
		return nil
	}
	return &f.value
}

// maxSequence is the largest sequence that NOMIS assigns within a pair.
const maxSequence = 999

// parseSequence parses a type sequence in any JSON spelling of a whole number.
func parseSequence(s string) (int, error) {
	n, is := wholeNumber(s)
	if !is || n < 1 || n > maxSequence {
		return 0, fmt.Errorf("must be a whole number from 1 to %d", maxSequence)
	}
	return n, nil
}

var (
	reasonCode = word(domain.ReasonCodes())
	typeCode   = word(domain.TypeCodes())
)

// word parses a word of a vocabulary.
func word[W ~string](vocabulary []domain.Term[W]) func(string) (W, error) {
	words := make([]string, len(vocabulary))
	for i, term := range vocabulary {
		words[i] = string(term.Code)
	}
	unknown := errors.New("must be one of " + strings.Join(words, ", "))
	return func(s string) (W, error) {
		if !domain.Contains(vocabulary, W(s)) {
			return "", unknown
		}
		return W(s), nil
	}
}
