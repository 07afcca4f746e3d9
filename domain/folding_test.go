package domain_test

import (
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// factOf is a fact at a minute of its own, so that two facts never look alike.
func factOf(n int, event domain.Event) domain.Fact {
	return domain.Fact{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(strconv.Itoa(n))), Event: event, Meta: domain.Meta{
		Cause:     domain.Cause{Actor: "ACTOR_" + strconv.Itoa(n%7), Source: domain.NOMIS},
		DecidedAt: domaintest.Noon.Add(time.Duration(n) * time.Minute),
	}}
}

// recordID is that of the n-th record of a story.
func recordID(n int) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(strconv.Itoa(n))) }

func detailsOf(effective domain.LocalDateTime) domain.Details {
	return domain.Details{
		EffectiveDate: effective, TypeCode: domain.TypeWing, Restriction: domain.Wing,
		Sides: map[domain.PrisonerNumber]domain.Side{domaintest.Low: {Role: domain.Victim}, domaintest.High: {Role: domain.Perpetrator}},
	}
}

// happened is any event about the n-th record, of every kind that folds.
func happened(t *rapid.T, n int) domain.Event {
	id, when := recordID(n), dates.Draw(t, "date")
	details := detailsOf(when)
	carried := domain.NonAssociation{ID: id, Details: details, Deleted: rapid.Bool().Draw(t, "deleted")}
	renumbered := domain.TransferredIn{NonAssociationID: id, Renumbering: renamed, From: target, To: pair, NonAssociation: carried}
	left := domain.TransferredOut{NonAssociationID: id, Renumbering: renamed, From: pair, To: target}
	return rapid.SampledFrom([]domain.Event{
		domain.Opened{NonAssociationID: id, PrisonerNumber: domaintest.Low, Details: details},
		domain.Imported{NonAssociationID: id, PrisonerNumber: domaintest.High, Details: details},
		domain.Amended{NonAssociationID: id, Changes: []domain.Change{
			{Field: domain.FieldComment, Now: ptr("other words")},
			{Field: domain.FieldRole, PrisonerNumber: domaintest.Low, Now: ptr(string(domain.Victim))},
		}},
		domain.Closed{NonAssociationID: id, ClosedAt: when, ClosedBy: "STAFF"},
		domain.Reopened{NonAssociationID: id, ReopenedAt: when},
		domain.Deleted{NonAssociationID: id},
		domain.Ignored{NonAssociationID: id, Reason: domain.NotLatest, Item: ptr(item(when))},
		domain.SequenceLearned{NonAssociationID: id, TypeSequence: n + 1},
		domain.SequenceReleased{NonAssociationID: id, TypeSequence: n + 1},
		renumbered, left,
		domain.Restored{NonAssociationID: id, Renumbering: renamed, NonAssociation: carried},
	}).Draw(t, "event")
}

// A folding is to answer as one evolution after the other does, whatever the
// facts are, and what it has handed out is not to change any more.
func TestProperty_aFoldEvolvesAndNeverTakesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begun := domain.State{Pair: pair}
		for n := range rapid.IntRange(0, 40).Draw(t, "records before") {
			begun = domain.Evolve(begun, factOf(n, domain.Opened{NonAssociationID: recordID(n), Details: detailsOf(y2021)}))
		}
		evolved, folding := begun, domain.NewFolding(begun)
		type told struct {
			state domain.State
			was   string
		}
		handed := []told{{begun, asJSON(t, begun)}}
		for n := range rapid.IntRange(1, 40).Draw(t, "facts") {
			fact := factOf(1000+n, happened(t, rapid.IntRange(0, 45).Draw(t, "record")))
			evolved = domain.Evolve(evolved, fact)
			folding.Add(fact)
			handed = append(handed, told{evolved, asJSON(t, evolved)})
			id := fact.Event.About()
			found, there := folding.Find(id)
			require.Equal(t, evolved.Find(id) >= 0, there)
			if there {
				require.Equal(t, evolved.Items[evolved.Find(id)], found)
			}
			if rapid.Bool().Draw(t, "asked in between") {
				handed = append(handed, told{folding.State(), asJSON(t, evolved)})
			}
		}
		require.Equal(t, asJSON(t, evolved), asJSON(t, folding.State()))
		for _, h := range handed {
			require.Equal(t, h.was, asJSON(t, h.state))
		}
	})
}

// longStory is n records, each with five further facts.
func longStory(n int) []domain.Fact {
	var facts []domain.Fact
	add := func(event domain.Event) { facts = append(facts, factOf(len(facts), event)) }
	details := detailsOf(y2021)
	for i := range n {
		add(domain.Opened{NonAssociationID: recordID(i), PrisonerNumber: domaintest.Low, Details: details})
	}
	for range 4 {
		for i := range n {
			add(domain.Amended{NonAssociationID: recordID(i), Changes: []domain.Change{{Field: domain.FieldComment, Now: ptr("again")}}})
		}
	}
	for i := range n {
		add(domain.Ignored{NonAssociationID: recordID(i), Reason: domain.NotLatest, Item: ptr(item(y2021, sequence(i)))})
	}
	return facts
}

func TestFold_takesMemoryAsThereAreFactsNotAsTheirSquare(t *testing.T) {
	taken := func(facts []domain.Fact) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		state := domain.Fold(pair, facts)
		runtime.ReadMemStats(&after)
		require.NotEmpty(t, state.Items)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := taken(longStory(250)), taken(longStory(1000))
	require.Less(t, large, 8*small, "four times the facts")
}
