package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// What holds for any request to any record.

func TestProperty_aRequestIsAnsweredAsTheDesignReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		if !contended(told.state, told.items, domain.Today(domaintest.Noon)) {
			require.Equal(t, read(told.state, told.items, domain.Today(domaintest.Noon)), told.answers(), "%s", told)
		}
	})
}

func TestProperty_noOrderOfARequestChangesAnAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		order := rapid.Permutation(indexes(len(told.items))).Draw(t, "order")
		var shuffled []domain.Item
		for _, i := range order {
			shuffled = append(shuffled, told.items[i])
		}
		mixed := tell(t, told.state, shuffled, 1)
		for place, i := range order {
			require.Equal(t, told.word(t, i), mixed.word(t, place), "item %d of %s", i, told)
		}
	})
}

// word is an answer in which what is new is named by what it says.
func (told telling) word(t require.TestingT, i int) string {
	a := told.answers()[i]
	of := a.Stored.String()
	if a.New >= 0 {
		of = asJSON(t, told.items[a.New])
	}
	return string(a.Kind) + " " + string(a.Reason) + " " + of
}

func TestProperty_oneNotClosedAtEveryFactAndOnEveryLaterDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		state := told.state
		for _, event := range told.events {
			state = domain.Evolve(state, domain.Fact{Event: event})
			for _, day := range []time.Time{domaintest.Noon, domaintest.Noon.AddDate(0, 0, 1), domaintest.Noon.AddDate(180, 0, 0)} {
				require.LessOrEqual(t, len(notClosed(state, day)), 1, "%s", told)
			}
		}
	})
}

func notClosed(s domain.State, on time.Time) (ids []uuid.UUID) {
	for _, n := range s.Items {
		if !n.Deleted && !n.IsClosed(domain.Today(on)) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

func TestProperty_aRequestSentAgainIsAnsweredAsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		again := tell(t, told.after, told.items, 2)
		if told.contradicts() {
			told, again = again, tell(t, again.after, told.items, 3)
		}
		for i, o := range told.outcomes {
			if o.Kind != ignored {
				o.Kind = unchanged
			}
			require.Equal(t, o, again.outcomes[i], "item %d of %s", i, told)
		}
		require.Empty(t, again.events, "%s", told)
	})
}

// contradicts reports whether an id or a sequence of the request names a record
// that the rest of the item does not tell of, or a sequence names two. Such a
// request may need a second telling before it settles.
func (told telling) contradicts() bool {
	return slices.ContainsFunc(told.items, func(i domain.Item) bool {
		named := 0
		return slices.ContainsFunc(told.state.Items, func(n domain.NonAssociation) bool {
			sameSequence := i.TypeSequence != 0 && i.TypeSequence == n.TypeSequence
			if sameSequence {
				named++
			}
			apart := !sameWhen(i, string(i.EffectiveDate), string(n.EffectiveDate)) ||
				i.TypeSequence != 0 && n.TypeSequence != 0 && !sameSequence
			return (i.ID == n.ID || sameSequence) && apart || named > 1
		})
	})
}

func TestProperty_anIgnoredItemTakenOutChangesNoOtherOutcome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		twins := told.twins()
		for out, o := range told.outcomes {
			if o.Kind != ignored || told.state.Find(told.items[out].ID) >= 0 {
				continue
			}
			var rest []domain.Item
			var kept []int
			for i, item := range told.items {
				if of, is := twins[i]; i != out && (!is || of != out) {
					rest, kept = append(rest, item), append(kept, i)
				}
			}
			without := tell(t, told.state, rest, 1)
			for place, i := range kept {
				require.Equal(t, told.word(t, i), without.word(t, place), "item %d without %d of %s", i, out, told)
			}
		}
	})
}

// twins are the items that are another item.
func (told telling) twins() map[int]int {
	r := &reading{pair: pair, items: told.items, left: indexes(len(told.items))}
	slices.SortStableFunc(r.left, func(a, b int) int { return slices.Compare(r.recorded(a), r.recorded(b)) })
	return r.a()
}

// What is in force stays in force, unless an item that names it says otherwise.
func TestProperty_aRecordInForceIsNotLostToWhatIsNoWordOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		for k, n := range told.state.Items {
			after := told.after.Items[k]
			require.Equal(t, n.Deleted, after.Deleted, "%s", told)
			if n.Deleted || !isInForce(n) || isInForce(after) {
				continue
			}
			require.True(t, slices.ContainsFunc(indexes(len(told.items)), func(i int) bool {
				names := slices.ContainsFunc(stages(), func(is func(domain.Item, domain.NonAssociation) bool) bool {
					return is(told.items[i], n)
				})
				return names && told.outcomes[i] == domain.Outcome{Kind: amended, NonAssociationID: n.ID}
			}), "%s", told)
		}
	})
}

func isInForce(n domain.NonAssociation) bool {
	return !n.IsClosed(domain.Today(domaintest.Noon)) && n.EffectiveDate.Date() <= domain.Today(domaintest.Noon)
}

// A request from the other prisoner's side says the same.
func TestProperty_theMirrorOfARequestIsAnsweredTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		by := domain.Cause{CommandID: domaintest.CommandID(1), About: domaintest.Low, Source: domain.NOMIS}
		mirror, err := domain.Decide(told.state, domain.Sync{About: domaintest.Low, Items: told.items}, domaintest.Noon, by)
		require.NoError(t, err)
		require.Equal(t, told.outcomes, mirror.Outcomes)
		require.Len(t, mirror.Events, len(told.events))
	})
}
