package commands_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

func TestPlan_ofAPairHasAllItsFacts(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	h := newHandler(log)
	planned, err := h.Plan(t.Context(), pair)
	require.NoError(t, err)
	require.EqualValues(t, -1, planned.Revision)
	require.Empty(t, planned.Exchanges.State().Items)

	first, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	planned, err = h.Plan(t.Context(), pair)
	require.NoError(t, err)
	require.Zero(t, planned.Revision)
	require.Equal(t, first.Position, planned.Position)
	exchange := planned.Exchanges.Of(first.Outcomes[0][0].NonAssociationID)
	require.True(t, exchange.HasBase())
	require.NotZero(t, exchange.Delivery().At, "when it was recorded")
}

func TestPlanned_isAppendedOnlyAtItsRevision(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	h := newHandler(log)
	first, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	id := first.Outcomes[0][0].NonAssociationID
	_, err = h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Close{ID: id, ClosedReason: "Friends"})
	require.NoError(t, err)

	learn, cause := domain.LearnSequence{ID: id, TypeSequence: 7}, domaintest.NewCause(domain.NOMIS)
	_, err = h.ExecutePlanned(t.Context(), cause, pair, learn, 0)
	require.ErrorIs(t, err, commands.ErrNewerFacts)
	require.Len(t, facts(t, log, pair), 2)

	done, err := h.ExecutePlanned(t.Context(), cause, pair, learn, 1)
	require.NoError(t, err)
	require.EqualValues(t, 2, done.Revision)
	again, err := h.ExecutePlanned(t.Context(), cause, pair, learn, 1)
	require.NoError(t, err)
	require.Equal(t, done, again, "a repeat answers as the first did")
	require.Len(t, facts(t, log, pair), 3)
}

// Another writer comes between the load and the append.
func TestPlanned_losesARaceAndAppendsNothing(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	first, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	id := first.Outcomes[0][0].NonAssociationID
	log.before = func(int) error {
		log.before = func(int) error { return nil }
		_, err := newHandler(log.Store).Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Close{ID: id, ClosedReason: "Friends"})
		return err
	}
	_, err = newHandler(log).ExecutePlanned(t.Context(), domaintest.NewCause(domain.NOMIS), pair, domain.LearnSequence{ID: id, TypeSequence: 7}, 0)
	require.ErrorIs(t, err, commands.ErrNewerFacts)
	require.Len(t, facts(t, log, pair), 2)
}

func TestPlanned_isAppendedOnceWhenItsAnswerWasLost(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	first, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	log.after = func(attempt int) error {
		if attempt == 2 {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	id := first.Outcomes[0][0].NonAssociationID
	done, err := newHandler(log).ExecutePlanned(t.Context(), domaintest.NewCause(domain.NOMIS), pair, domain.LearnSequence{ID: id, TypeSequence: 7}, 0)
	require.NoError(t, err)
	require.EqualValues(t, 1, done.Revision)
	require.Len(t, facts(t, log, pair), 2)
}
