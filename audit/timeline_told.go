package audit

import (
	"slices"
	"time"

	"nonassociations/domain"
)

// toldItems are the items of NOMIS that were not taken over because another one counted,
// by the pair that they were told of.
type toldItems map[domain.Pair][]toldItem

type toldItem struct {
	domain.Item

	at time.Time
}

// add takes the facts of each pair in their order. For one that adds a record it returns
// when NOMIS had first told it, and reports whether it had.
func (t toldItems) add(f recordedFact) (time.Time, bool) {
	switch e := f.Event.(type) {
	case domain.Ignored:
		if e.Item != nil && (e.Reason == domain.NotLatest || e.Reason == domain.AnotherNotClosed) {
			t[f.Pair] = append(t[f.Pair], toldItem{*e.Item, f.Meta.DecidedAt})
		}
	case domain.Opened:
		return t.find(f, e.TypeSequence, e.Details.EffectiveDate)
	case domain.Imported:
		return t.find(f, e.TypeSequence, e.Details.EffectiveDate)
	default:
	}
	return time.Time{}, false
}

// find returns when NOMIS first told a record. It goes by the effective day, and by the
// sequence where both are known.
func (t toldItems) find(f recordedFact, sequence int, effective domain.LocalDateTime) (time.Time, bool) {
	if f.Meta.Source == domain.DPS {
		return time.Time{}, false
	}
	same := func(i toldItem) bool {
		return i.EffectiveDate.Date() == effective.Date() && (i.TypeSequence == sequence || i.TypeSequence == 0 || sequence == 0)
	}
	if i := slices.IndexFunc(t[f.Pair], same); i >= 0 {
		return t[f.Pair][i].at, true
	}
	return time.Time{}, false
}

// aliases are the numbers that one prisoner had in a set of facts.
type aliases struct {
	number domain.PrisonerNumber // that was asked about
	known  map[domain.PrisonerNumber]bool
}

// aliasesOf follows the transfers from a number in both directions.
func aliasesOf(all []Entry, number domain.PrisonerNumber) aliases {
	known := map[domain.PrisonerNumber]bool{number: true}
	for grown := true; grown; {
		grown = false
		for _, e := range all {
			t, is := e.Fact.Event.(domain.TransferredIn)
			if is && known[t.Previous] != known[t.Number] {
				known[t.Previous], known[t.Number], grown = true, true, true
			}
		}
	}
	return aliases{number, known}
}

// other returns the number of a fact that is another prisoner's. Of two numbers of one
// prisoner it is the one that was not asked about.
func (a aliases) other(e Entry) domain.PrisonerNumber {
	numbers := e.PrisonerNumbers()
	slices.SortStableFunc(numbers, func(n, m domain.PrisonerNumber) int { return a.nearness(n) - a.nearness(m) })
	if len(numbers) == 0 {
		return ""
	}
	return numbers[0]
}

// nearness sorts the numbers of others before those of the prisoner.
func (a aliases) nearness(n domain.PrisonerNumber) int {
	switch {
	case n == a.number:
		return 2
	case a.known[n]:
		return 1
	default:
		return 0
	}
}
