package api

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/strictjson"
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
	id                      strictjson.Field[uuid.UUID]
	typeSequence            strictjson.Field[int]
	reasonCode, otherReason strictjson.Field[domain.ReasonCode]
	typeCode                strictjson.Field[domain.TypeCode]
	effective, expiry       strictjson.Field[domain.LocalDateTime]
	precision               strictjson.Field[domain.Precision]
	authorisedBy, comments  strictjson.Field[string]
	side                    strictjson.Presence
	other                   strictjson.Field[domain.PrisonerNumber]
}

// decodeSyncRequest parses a body, or returns a 400 with everything that is wrong
// with it.
func decodeSyncRequest(body *bytes.Buffer) (syncRequest, error) {
	d := strictjson.NewDecoder(body)
	about, raw, err := readSyncRequest(d)
	if err == nil {
		err = d.End()
	}
	// These checks compare values of several items. They run on what is known to be
	// valid, so that one mistake is reported once.
	if err == nil && about.Given {
		checkPairs(d, about.Value, raw)
		checkNames(d, raw)
	}
	if err := d.Result(err); err != nil {
		return syncRequest{}, err
	}
	return assemble(about.Value, raw), nil
}

// readSyncRequest reads the outer object. Every item is read, also after a fault.
func readSyncRequest(d *strictjson.Decoder) (about strictjson.Field[domain.PrisonerNumber], items []rawSyncItem, err error) {
	listed := strictjson.Absent
	err = d.RequiredObject(func(name string) (err error) {
		switch name {
		case "prisonerNumber":
			return strictjson.Text(d, &about, domain.ParsePrisonerNumber)
		case "nonAssociations":
			listed, err = d.Array(func() error {
				items = append(items, rawSyncItem{}) // a bad one too: pointers count places in the list
				return items[len(items)-1].read(d)
			})
			return err
		default:
			return d.Skip()
		}
	}, func() {
		strictjson.Need(d, about, "prisonerNumber")
		if listed == strictjson.Absent {
			d.Lacks("nonAssociations")
		}
	})
	return about, items, err
}

// read reads one item, and checks what an item alone can show.
func (i *rawSyncItem) read(d *strictjson.Decoder) error {
	return d.RequiredObject(func(name string) error { return i.member(d, name) }, func() {
		strictjson.Need(d, i.reasonCode, "reasonCode")
		strictjson.Need(d, i.typeCode, "typeCode")
		strictjson.Need(d, i.effective, "effectiveDate")
		if i.side == strictjson.Absent {
			d.Lacks("prisonerNonAssociation")
		}
		i.checkDays(d)
	})
}

// member reads one field of an item. Unknown fields are skipped.
func (i *rawSyncItem) member(d *strictjson.Decoder, name string) (err error) {
	switch name {
	case "id":
		return strictjson.Text(d, &i.id, parseID)
	case "typeSequence":
		return strictjson.Number(d, &i.typeSequence, parseSequence)
	case "reasonCode":
		return strictjson.Text(d, &i.reasonCode, reasonCode)
	case "typeCode":
		return strictjson.Text(d, &i.typeCode, typeCode)
	case "effectiveDate":
		return strictjson.Text(d, &i.effective, domain.ParseLocalDateTime)
	case "expiryDate":
		return strictjson.Text(d, &i.expiry, domain.ParseLocalDateTime)
	case "datePrecision":
		return strictjson.Text(d, &i.precision, parsePrecision)
	case "authorisedBy":
		return strictjson.Text(d, &i.authorisedBy, authorisedBy)
	case "comments":
		return strictjson.Text(d, &i.comments, comments)
	case "prisonerNonAssociation":
		i.side, err = i.otherSide(d)
		return err
	}
	return d.Skip()
}

// otherSide reads the other prisoner of an item.
func (i *rawSyncItem) otherSide(d *strictjson.Decoder) (strictjson.Presence, error) {
	found, err := d.Object(func(name string) error {
		switch name {
		case "prisonerNumber":
			return strictjson.Text(d, &i.other, domain.ParsePrisonerNumber)
		case "reasonCode":
			return strictjson.Text(d, &i.otherReason, reasonCode)
		}
		return d.Skip()
	})
	if err == nil && found == strictjson.Whole {
		strictjson.Need(d, i.other, "prisonerNumber")
		strictjson.Need(d, i.otherReason, "reasonCode")
	}
	return found, err
}

// checkPairs adds the faults that show only when the whole request is read.
func checkPairs(d *strictjson.Decoder, about domain.PrisonerNumber, raw []rawSyncItem) {
	// The limit is per pair and not per request: one pair is one stream of the log, and
	// one command appends all its facts at once.
	ofPair := make(map[domain.PrisonerNumber]int, len(raw))
	for i := range raw {
		if !raw[i].other.Given {
			continue
		}
		other := raw[i].other.Value
		at := "/nonAssociations/" + strconv.Itoa(i) + "/prisonerNonAssociation/prisonerNumber"
		if other == about {
			d.FaultAt(at, domain.ErrSelfPair.Error())
			continue
		}
		if ofPair[other]++; ofPair[other] == domain.MaxItems+1 {
			d.FaultAt(at, fmt.Sprintf("must be named by at most %d items", domain.MaxItems))
		}
	}
}

// assemble builds items of valid values.
func assemble(about domain.PrisonerNumber, raw []rawSyncItem) syncRequest {
	s := syncRequest{prisonerNumber: about, items: make([]syncItem, len(raw))}
	for n := range raw {
		i := &raw[n]
		pair, err := domain.NewPair(about, i.other.Value)
		if err != nil {
			panic("a pair was not checked: " + err.Error()) // a bug: checkPairs refuses it
		}
		// NOMIS names the reason of each prisoner from the side of the one who is asked
		// about. The domain keeps both by prisoner number, independent of the side.
		item := domain.Item{
			AuthorisedBy: noteOf(&i.authorisedBy), Comment: noteOf(&i.comments),
			DatePrecision: i.precision.Value, EffectiveDate: i.effective.Value, ID: i.id.Value,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{
				about: i.reasonCode.Value, i.other.Value: i.otherReason.Value,
			},
			TypeCode: i.typeCode.Value, TypeSequence: i.typeSequence.Value,
		}
		if i.expiry.Given {
			item.ExpiryDate = &i.expiry.Value
		}
		s.items[n] = syncItem{item, pair, i.other.Value}
	}
	return s
}

// noteOf returns a text as the record keeps it. NOMIS's database has no empty text:
// it means none.
func noteOf(f *strictjson.Field[string]) *string {
	if f.Value == "" {
		return nil
	}
	return &f.Value
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
	// The vocabularies of NOMIS. They differ from the words of staff, which
	// staff_body.go parses.
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
