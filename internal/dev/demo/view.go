package demo

import (
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/nomisapi"
)

// view is what NOMIS holds of an estate: nearly all of it is the same.
type view struct {
	records  []nomisapi.Record
	pairs    int // of the records
	planted  []planting
	held     map[numbers]estate.Pair // also the last of planted
	arrivals planting                // also in planted: what the migration of the demonstration takes over
}

// numbers are two prisoners, in the order in which the estate has them.
type numbers [2]domain.PrisonerNumber

// planting is one kind of difference with the pairs that have it, which may be none.
type planting struct {
	bucket  string // of a reconciliation, of one non-association of each pair
	outcome string // of each pair in a migration
	what    string
	pairs   []numbers
}

const (
	mostPlanted   = 360 // pairs of the kinds of differences, about
	mostHeld      = 24  // pairs that wait for a day
	mostStrangers = 24  // pairs that only NOMIS has, and as many that are migrated
)

// viewOf makes up the view of NOMIS. Which pair differs in what depends on the estate
// alone, so that another run plants the same.
func viewOf(e *estate.Estate) *view {
	v := &view{held: map[numbers]estate.Pair{}}
	for _, d := range differences {
		v.planted = append(v.planted, planting{bucket: d.bucket, outcome: d.outcome, what: d.what})
	}
	several := planting{bucket: ignored, outcome: ignored, what: "several are open, as in real data: the latest counts"}
	toCome := planting{bucket: held, outcome: unchanged, what: "changed by staff before its day, which NOMIS refuses until then"}
	every, next := max(4, len(e.Pairs)/mostPlanted), 0
	for i, pair := range e.Pairs {
		records, of := recordsOf(e, pair), namesOf(e, pair)
		switch {
		case sentTwice(pair.Items):
			several.pairs = append(several.pairs, of)
		case isPending(pair.Items[len(pair.Items)-1]):
			if len(pair.Items) == 1 && len(toCome.pairs) < mostHeld {
				toCome.pairs, v.held[of] = append(toCome.pairs, of), pair
			}
		case i%every == 0:
			n := next % len(differences)
			next++
			records = differences[n].plant(records)
			v.planted[n].pairs = append(v.planted[n].pairs, of)
		}
		v.add(records...)
	}
	strangers := planting{bucket: onlyThere, outcome: created, what: "a pair that only NOMIS has"}
	v.arrivals = planting{bucket: same, outcome: created, what: "a pair that only NOMIS has, until the migration below"}
	v.addStrangers(e, &strangers, &v.arrivals)
	v.planted = append(v.planted, strangers, several, toCome, v.arrivals)
	return v
}

// add adds the records of a pair, which may be none.
func (v *view) add(records ...nomisapi.Record) {
	v.records = append(v.records, records...)
	if len(records) > 0 {
		v.pairs++
	}
}

// addStrangers adds pairs that the estate does not have to plantings, in turns.
func (v *view) addStrangers(e *estate.Estate, to ...*planting) {
	known := map[numbers]bool{}
	for _, pair := range e.Pairs {
		of := namesOf(e, pair)
		known[of], known[numbers{of[1], of[0]}] = true, true
	}
	added := 0
	for i := 0; i+1 < len(e.Prisoners) && added < len(to)*mostStrangers; i += 2 {
		of := numbers{e.Prisoners[i].Number, e.Prisoners[i+1].Number}
		if known[of] {
			continue
		}
		next := to[added%len(to)]
		added++
		next.pairs = append(next.pairs, of)
		v.add(nomisapi.Record{
			OffenderNo: string(of[0]), NSOffenderNo: string(of[1]), TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING",
			EffectiveDate: "2024-03-01", Comment: new("Never told to DPS."),
		})
	}
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
