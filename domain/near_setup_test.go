package domain_test

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nonassociations/domain"
)

const day = "2026-07-15"

// apart is an open record that keeps two numbers apart.
func apart(one, other domain.PrisonerNumber, restriction domain.Restriction, changes ...func(*domain.OpenRecord)) domain.OpenRecord {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		panic(err)
	}
	r := domain.OpenRecord{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(pair.String())), Pair: pair, Reason: domain.Threat,
		Restriction: restriction, TypeCode: domain.TypeCodeOf(restriction), EffectiveDate: "2020-01-01T00:00:00",
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func from(date domain.LocalDateTime) func(*domain.OpenRecord) {
	return func(r *domain.OpenRecord) { r.EffectiveDate = date }
}

func nomisType(code domain.TypeCode) func(*domain.OpenRecord) {
	return func(r *domain.OpenRecord) { r.TypeCode = code }
}

// at is XAA with prisoners A1111AA, B1111BB and so on at the texts, in their order. A text
// such as "@XAB" is another prison, "@" is none, and "@HOSP" that of a restricted patient.
func at(texts ...string) domain.PrisonPlaces {
	p := domain.PrisonPlaces{ID: "XAA", Places: map[domain.PrisonerNumber]domain.Place{}}
	for i, text := range texts {
		place := domain.Place{PrisonID: "XAA", Location: text}
		if prison, elsewhere := strings.CutPrefix(text, "@"); elsewhere {
			place = domain.Place{PrisonID: domain.PrisonID(prison), Location: "A-1-001"}
		}
		if text == "@HOSP" {
			place = domain.Place{PrisonID: domain.Outside, RestrictedPatient: true}
		}
		p.Places[prisonerAt(i)] = place
	}
	return p
}

// prisonerAt is A1111AA for 0, B1111BB for 1, and so on.
func prisonerAt(i int) domain.PrisonerNumber {
	return domain.PrisonerNumber(fmt.Sprintf("%[1]c1111%[1]c%[1]c", 'A'+rune(i)))
}

var restrictions = rapid.SampledFrom([]domain.Restriction{domain.Cell, domain.Landing, domain.Wing})

// The same rules said once more, over texts alone.

// areaSaid is what a cell's text begins with: its wing of so many parts, its landing, or
// all of it.
func areaSaid(cell string, wing int, size domain.Restriction) string {
	switch size {
	case domain.Cell:
		return cell + "-"
	case domain.Landing:
		return cell[:strings.LastIndex(cell, "-")+1]
	default:
		return strings.Join(strings.SplitAfterN(cell, "-", wing+1)[:wing], "")
	}
}

// nearSaid is how near two cells are.
func nearSaid(one, other string, wing int) domain.Near {
	for _, size := range []struct {
		of   domain.Restriction
		near domain.Near
	}{{domain.Cell, domain.NearCell}, {domain.Landing, domain.NearLanding}, {domain.Wing, domain.NearWing}} {
		if areaSaid(one, wing, size.of) == areaSaid(other, wing, size.of) {
			return size.near
		}
	}
	return domain.NearPrison
}

// brokenSaid lists the distances that each restriction forbids.
var brokenSaid = map[domain.Restriction]string{
	domain.Cell:    "CELL",
	domain.Landing: "CELL LANDING",
	domain.Wing:    "CELL LANDING WING",
}

// farthestSaid sorts distances, the farthest last.
var farthestSaid = []domain.Near{domain.NearCell, domain.NearLanding, domain.NearWing, domain.NearPrison}

// everyCell lists the cells of a prison in which each wing, each landing and so on has
// two of the next size.
func everyCell(parts int) []string {
	cells := []string{""}
	for i := range parts {
		var next []string
		for _, cell := range cells {
			for _, name := range [][]string{{"A", "B"}, {"1", "2"}}[min(i, 1)] {
				next = append(next, strings.TrimPrefix(cell+"-"+name, "-"))
			}
		}
		cells = next
	}
	return cells
}
