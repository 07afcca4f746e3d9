package demo

import (
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/nomisapi"
)

// view is what NOMIS holds of an estate: nearly all of it is the same.
type view struct {
	records []nomisapi.Record
	planted []planting
	held    map[numbers]estate.Pair // also the last of planted
}

// numbers are two prisoners, in the order in which the estate has them.
type numbers [2]domain.PrisonerNumber

// planting is one kind of difference with the pairs that have it, which may be none.
type planting struct {
	bucket string // of a reconciliation
	what   string
	pairs  []numbers
}

const (
	mostPlanted   = 360 // pairs of the kinds of differences, about
	mostHeld      = 24  // pairs that wait for a day
	mostStrangers = 24  // pairs that only NOMIS has
)

// viewOf makes up the view of NOMIS. Which pair differs in what depends on the estate
// alone, so that another run plants the same.
func viewOf(e *estate.Estate) *view {
	v := &view{held: map[numbers]estate.Pair{}}
	for _, d := range differences {
		v.planted = append(v.planted, planting{bucket: d.bucket, what: d.what})
	}
	several := planting{bucket: "ignored", what: "several are open, as in real data: the latest counts"}
	held := planting{bucket: "held", what: "changed by staff before its day, which NOMIS refuses until then"}
	every, next := max(4, len(e.Pairs)/mostPlanted), 0
	for i, pair := range e.Pairs {
		records, of := recordsOf(e, pair), namesOf(e, pair)
		switch {
		case sentTwice(pair.Items):
			several.pairs = append(several.pairs, of)
		case isPending(pair.Items[len(pair.Items)-1]):
			if len(pair.Items) == 1 && len(held.pairs) < mostHeld {
				held.pairs, v.held[of] = append(held.pairs, of), pair
			}
		case i%every == 0:
			n := next % len(differences)
			next++
			records = differences[n].plant(records)
			v.planted[n].pairs = append(v.planted[n].pairs, of)
		}
		v.records = append(v.records, records...)
	}
	v.planted = append(v.planted, v.addStrangers(e), several, held)
	return v
}

// addStrangers adds pairs that the estate does not have.
func (v *view) addStrangers(e *estate.Estate) planting {
	known := map[numbers]bool{}
	for _, pair := range e.Pairs {
		of := namesOf(e, pair)
		known[of], known[numbers{of[1], of[0]}] = true, true
	}
	added := planting{bucket: "onlyThere", what: "a pair that only NOMIS has"}
	for i := 0; i+1 < len(e.Prisoners) && len(added.pairs) < mostStrangers; i += 2 {
		of := numbers{e.Prisoners[i].Number, e.Prisoners[i+1].Number}
		if known[of] {
			continue
		}
		added.pairs = append(added.pairs, of)
		v.records = append(v.records, nomisapi.Record{
			OffenderNo: string(of[0]), NSOffenderNo: string(of[1]), TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING",
			EffectiveDate: "2024-03-01", Comment: new("Never told to DPS."),
		})
	}
	return added
}

// namesOf returns the two prisoners of a pair.
func namesOf(e *estate.Estate, pair estate.Pair) numbers {
	return numbers{e.Prisoners[pair.First].Number, e.Prisoners[pair.Other].Number}
}

// recordsOf returns the records of a pair as NOMIS has them: without times of day.
func recordsOf(e *estate.Estate, pair estate.Pair) []nomisapi.Record {
	records, of := make([]nomisapi.Record, len(pair.Items)), namesOf(e, pair)
	for i, item := range pair.Items {
		records[i] = nomisapi.Record{
			OffenderNo: string(of[0]), NSOffenderNo: string(of[1]),
			TypeSequence: *item.TypeSequence, Reason: string(item.ReasonCode), RecipReason: string(item.PrisonerNonAssociation.ReasonCode),
			Type: string(item.TypeCode), EffectiveDate: dayOf(item.EffectiveDate), AuthorisedBy: item.AuthorisedBy, Comment: item.Comments,
		}
		if item.ExpiryDate != nil {
			records[i].ExpiryDate = new(dayOf(*item.ExpiryDate))
		}
	}
	return records
}

// dayOf returns the day of a time.
func dayOf(at domain.LocalDateTime) string { return string(at[:len("2006-01-02")]) }
