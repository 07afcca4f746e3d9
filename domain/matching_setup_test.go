package domain_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// Few days, few words and few sequences, so that everything meets everything:
// two moments of one day, today, and two days that are yet to come.
var (
	moments = rapid.SampledFrom([]domain.LocalDateTime{
		"2020-01-01T00:00:00", "2021-07-05T00:00:00", "2021-07-05T10:35:17", "2026-07-15T00:00:00", "2026-07-16T00:00:00", "2204-01-01T09:00:00",
	})
	fewCodes = rapid.SampledFrom([]domain.ReasonCode{"VIC", "PER"})
	fewTypes = rapid.SampledFrom([]domain.TypeCode{"CELL", "TNA"})
)

func anyTold(ids []uuid.UUID, days bool) *rapid.Generator[domain.Item] {
	return rapid.Custom(func(t *rapid.T) domain.Item {
		i := item(moments.Draw(t, "effective"), coded(fewCodes.Draw(t, "code"), "PER"), typed(fewTypes.Draw(t, "type")))
		if rapid.IntRange(0, 2).Draw(t, "expires") > 0 {
			i.ExpiryDate = ptr(moments.Draw(t, "expiry"))
		}
		if rapid.Bool().Draw(t, "numbered") {
			i.TypeSequence = rapid.IntRange(1, 4).Draw(t, "sequence")
		}
		if len(ids) > 0 && rapid.IntRange(0, 3).Draw(t, "named") == 0 {
			i.ID = rapid.SampledFrom(ids).Draw(t, "id")
		}
		if days {
			i.DatePrecision = domain.Day
			i.EffectiveDate = domain.LocalDateTime(i.EffectiveDate.Date() + "T00:00:00")
			if i.ExpiryDate != nil {
				i.ExpiryDate = ptr(domain.LocalDateTime(i.ExpiryDate.Date() + "T00:00:00"))
			}
		}
		return i
	})
}

// anyRequest names no id and no sequence twice, and knows all its dates as well
// as one another: who knows days only knows no times.
func anyRequest(ids []uuid.UUID, most int) *rapid.Generator[[]domain.Item] {
	return rapid.Custom(func(t *rapid.T) []domain.Item {
		days := rapid.IntRange(0, 3).Draw(t, "days only") == 0
		items := rapid.SliceOfN(anyTold(ids, days), 0, most).Draw(t, "items")
		return namedOnce(items)
	})
}

func namedOnce(items []domain.Item) []domain.Item {
	for n := range items {
		for _, before := range items[:n] {
			if items[n].ID == before.ID {
				items[n].ID = uuid.Nil
			}
			if items[n].TypeSequence == before.TypeSequence {
				items[n].TypeSequence = 0
			}
		}
	}
	return items
}

// anyState is any record of a pair: with and without sequences, with deleted
// ones, with at most one that is not closed.
func anyState(t *rapid.T) domain.State {
	state, open := domain.State{Pair: pair}, false
	for n, i := range rapid.SliceOfN(anyTold(nil, false), 0, 5).Draw(t, "stored") {
		event := domain.Opened{NonAssociationID: domaintest.CommandID(100 + n), PrisonerNumber: domaintest.High, TypeSequence: i.TypeSequence, Details: domain.Details{
			AuthorisedBy: i.AuthorisedBy, Comment: i.Comment, EffectiveDate: i.EffectiveDate, ExpiryDate: i.ExpiryDate, TypeCode: i.TypeCode,
			Sides: map[domain.PrisonerNumber]domain.Side{domaintest.High: {ReasonCode: i.ReasonCodes[domaintest.High]}, domaintest.Low: {ReasonCode: i.ReasonCodes[domaintest.Low]}},
		}}
		isClosed := i.ExpiryDate != nil && i.ExpiryDate.Date() <= domain.Today(domaintest.Noon)
		deleted := rapid.IntRange(0, 3).Draw(t, "deleted") == 0
		if !isClosed && !deleted && open {
			event.Details.ExpiryDate = ptr(y2021)
		}
		open = open || !isClosed && !deleted
		state = domain.Evolve(state, domain.Fact{Event: event})
		if deleted {
			state = domain.Evolve(state, domain.Fact{Event: domain.Deleted{NonAssociationID: event.NonAssociationID}})
		}
	}
	return state
}

// telling is a request to a record and what came of it.
type telling struct {
	state, after domain.State
	items        []domain.Item
	outcomes     []domain.Outcome
	events       []domain.Event
}

func tell(t require.TestingT, state domain.State, items []domain.Item, command int) telling {
	by := domain.Cause{CommandID: domaintest.CommandID(command), Actor: "ANY", About: domaintest.High, Source: domain.NOMIS}
	c := domain.Sync{About: domaintest.High, Items: items}
	decision, err := domain.Decide(state, c, domaintest.Noon, by)
	require.NoError(t, err)
	told := telling{state: state, after: state, items: items, outcomes: decision.Outcomes, events: decision.Events}
	for _, fact := range decision.Facts(state, c, domaintest.Noon, by) {
		told.after = domain.Evolve(told.after, fact)
	}
	return told
}

// answers are the outcomes with what is new named by the item that makes it.
func (told telling) answers() []answer {
	answers := make([]answer, len(told.outcomes))
	for i, o := range told.outcomes {
		answers[i] = answer{o.Kind, o.Reason, o.NonAssociationID, -1}
		if told.state.Find(o.NonAssociationID) < 0 {
			answers[i].Stored = uuid.Nil
			for n := range told.items {
				if uuid.NewSHA1(domaintest.CommandID(1), []byte(pair.String()+"#"+strconv.Itoa(n))) == o.NonAssociationID {
					answers[i].New = n
				}
			}
		}
	}
	return answers
}

func anyTelling(t *rapid.T) telling {
	state := anyState(t)
	ids := []uuid.UUID{domaintest.CommandID(99)} // which the pair lacks
	for _, n := range state.Items {
		ids = append(ids, n.ID)
	}
	return tell(t, state, anyRequest(ids, 6).Draw(t, "request"), 1)
}

// String is short, for people who look at a counterexample.
func (told telling) String() string {
	var text strings.Builder
	for k, n := range told.state.Items {
		fmt.Fprintf(&text, "\nstored %d: seq %d, %s to %v, %s %s, deleted %t, id %.4s", k, n.TypeSequence, n.EffectiveDate,
			expiryText(domain.Item{ExpiryDate: n.ExpiryDate}), n.Sides[domaintest.High].ReasonCode, n.TypeCode, n.Deleted, n.ID)
	}
	for i, item := range told.items {
		o := told.outcomes[i]
		fmt.Fprintf(&text, "\nitem %d: seq %d, %s to %v, %s %s %s, id %.4s: %s %s %.4s", i, item.TypeSequence, item.EffectiveDate,
			expiryText(item), item.ReasonCodes[domaintest.High], item.TypeCode, item.DatePrecision, item.ID, o.Kind, o.Reason, o.NonAssociationID)
	}
	return text.String()
}
