package domain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// Any sequence of commands, at any time of day and year, keeps these promises.

var (
	dates    = rapid.SampledFrom([]domain.LocalDateTime{y2021, y2022, y2023, y2099, "2026-07-15T00:00:00", "2026-07-16T09:00:00"})
	codes    = rapid.SampledFrom([]domain.ReasonCode{"VIC", "PER", "BUL", "RIV", "NOT_REL", "UNKNOWN"})
	types    = rapid.SampledFrom([]domain.TypeCode{"CELL", "LAND", "WING", "NONEX", "TNA"})
	comments = rapid.SampledFrom([]string{"one", "two"})
)

func anyItem(known []uuid.UUID) *rapid.Generator[domain.Item] {
	return rapid.Custom(func(t *rapid.T) domain.Item {
		i := item(dates.Draw(t, "effective"),
			coded(codes.Draw(t, "high"), codes.Draw(t, "low")), typed(types.Draw(t, "type")), comment(comments.Draw(t, "comment")))
		if rapid.Bool().Draw(t, "expires") {
			i.ExpiryDate = ptr(dates.Draw(t, "expiry"))
		}
		if rapid.Bool().Draw(t, "numbered") {
			i.TypeSequence = rapid.IntRange(1, 4).Draw(t, "sequence")
		}
		if len(known) > 0 && rapid.Bool().Draw(t, "named") {
			i.ID = rapid.SampledFrom(known).Draw(t, "id")
		}
		return i
	})
}

func anyCommand(known []uuid.UUID) *rapid.Generator[domain.Command] {
	tell := rapid.Custom(func(t *rapid.T) domain.Command {
		return domain.Sync{About: domaintest.High, Items: namedOnce(rapid.SliceOfN(anyItem(known), 0, 5).Draw(t, "items"))}
	})
	open := rapid.Just[domain.Command](domain.Open{FirstPrisoner: domaintest.Low, Reason: domain.Violence, Restriction: domain.Wing})
	if len(known) == 0 {
		return rapid.OneOf(tell, open)
	}
	byID := rapid.Custom(func(t *rapid.T) domain.Command {
		id := rapid.SampledFrom(known).Draw(t, "id")
		return rapid.SampledFrom([]domain.Command{
			domain.Amend{ID: id, Comment: ptr("three"), Restriction: ptr(domain.Cell)},
			domain.Close{ID: id, ClosedReason: "over"},
			domain.Reopen{ID: id, ReopenReason: "again"},
			domain.Delete{ID: id},
		}).Draw(t, "verb")
	})
	return rapid.OneOf(tell, open, byID)
}

// walk runs any commands and calls check after each decision that was made.
func walk(t *rapid.T, check func(before domain.State, c domain.Command, now time.Time, by domain.Cause, facts []domain.Fact)) {
	state, now := domain.State{Pair: pair}, domaintest.Noon
	for n := range rapid.IntRange(1, 12).Draw(t, "steps") {
		var known []uuid.UUID
		for _, stored := range state.Items {
			known = append(known, stored.ID)
		}
		c := anyCommand(known).Draw(t, "command")
		now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
		by := domain.Cause{
			CommandID: domaintest.CommandID(n), Actor: "ANY", About: domaintest.High,
			Source: rapid.SampledFrom([]domain.Source{domain.DPS, domain.NOMIS, domain.Migration}).Draw(t, "source"),
		}
		decision, err := domain.Decide(state, c, now, by)
		if err != nil {
			continue
		}
		facts := decision.Facts(state, c, now, by)
		check(state, c, now, by, facts)
		for _, fact := range facts {
			state = domain.Evolve(state, fact)
		}
	}
}

func TestProperty_atMostOneNotClosedAtEveryFact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, func(state domain.State, _ domain.Command, now time.Time, _ domain.Cause, facts []domain.Fact) {
			for _, fact := range facts {
				state = domain.Evolve(state, fact)
				open := 0
				for _, n := range state.Items {
					if !n.Deleted && !n.IsClosed(domain.Today(now)) {
						open++
					}
				}
				require.LessOrEqual(t, open, 1)
			}
		})
	})
}

func TestProperty_decidingAndFoldingAreDeterministicAndChangeNothingGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, func(state domain.State, c domain.Command, now time.Time, by domain.Cause, facts []domain.Fact) {
			before := asJSON(t, state)
			again, err := domain.Decide(state, c, now, by)
			require.NoError(t, err)
			require.Equal(t, facts, again.Facts(state, c, now, by))
			one, other := state, state
			for _, fact := range facts {
				one, other = domain.Evolve(one, fact), domain.Evolve(other, fact)
			}
			require.Equal(t, one, other)
			require.Equal(t, before, asJSON(t, state))
		})
	})
}

func TestProperty_whatWasSentIsUnchangedWhenSentAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, func(state domain.State, c domain.Command, now time.Time, by domain.Cause, facts []domain.Fact) {
			tell, is := c.(domain.Sync)
			if !is {
				return
			}
			contradicts := telling{state: state, items: tell.Items}.contradicts()
			for _, fact := range facts {
				state = domain.Evolve(state, fact)
			}
			by.CommandID = domaintest.CommandID(200)
			again, err := domain.Decide(state, tell, now, by)
			require.NoError(t, err)
			if !contradicts {
				require.Empty(t, again.Events)
			}
			for _, fact := range again.Facts(state, c, now, by) {
				state = domain.Evolve(state, fact)
			}
			by.CommandID = domaintest.CommandID(201)
			third, err := domain.Decide(state, tell, now, by)
			require.NoError(t, err)
			require.Empty(t, third.Events)
		})
	})
}

func TestProperty_theOrderOfItemsChangesNothingButTheOrderOfAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, func(state domain.State, c domain.Command, now time.Time, by domain.Cause, _ []domain.Fact) {
			tell, is := c.(domain.Sync)
			if !is || len(tell.Items) == 0 {
				return
			}
			order := rapid.Permutation(indexes(len(tell.Items))).Draw(t, "order")
			shuffled := domain.Sync{About: tell.About}
			for _, i := range order {
				shuffled.Items = append(shuffled.Items, tell.Items[i])
			}
			straight, err := domain.Decide(state, tell, now, by)
			require.NoError(t, err)
			mixed, err := domain.Decide(state, shuffled, now, by)
			require.NoError(t, err)
			var expected, actual []string
			for place, i := range order {
				expected = append(expected, sortedAnswer(t, tell.Items[i], straight.Outcomes[i]))
				actual = append(actual, sortedAnswer(t, shuffled.Items[place], mixed.Outcomes[place]))
			}
			require.ElementsMatch(t, expected, actual)
		})
	})
}

// sortedAnswer is an item with what became of it; ids of new ones depend on
// the place in the request, so only their being new counts.
func sortedAnswer(t require.TestingT, i domain.Item, o domain.Outcome) string {
	return asJSON(t, i) + string(o.Kind) + string(o.Reason)
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestProperty_factsReadBackAsTheyWereWritten(t *testing.T) {
	catalogue := domain.Events()
	rapid.Check(t, func(t *rapid.T) {
		walk(t, func(_ domain.State, _ domain.Command, _ time.Time, _ domain.Cause, facts []domain.Fact) {
			for _, fact := range facts {
				eventType, data := domain.Encode(fact.Event)
				event, err := catalogue.Decode(eventType, data)
				require.NoError(t, err)
				require.Equal(t, fact.Event, event)
				meta, err := domain.DecodeMeta(domain.EncodeMeta(fact.Meta))
				require.NoError(t, err)
				require.Equal(t, fact.Meta, meta)
			}
		})
	})
}

func asJSON(t require.TestingT, v any) string {
	body, err := json.Marshal(v)
	require.NoError(t, err)
	return string(body)
}
