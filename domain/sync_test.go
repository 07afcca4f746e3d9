package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

const (
	y2021 domain.LocalDateTime = "2021-07-05T10:35:17"
	y2022 domain.LocalDateTime = "2022-07-05T10:35:17"
	y2023 domain.LocalDateTime = "2023-07-05T10:35:17"
	y2099 domain.LocalDateTime = "2099-01-01T00:00:00"
)

func TestSync_aNewItemOpensAndKeepsBothVocabularies(t *testing.T) {
	s := domaintest.NewScenario(t)
	d := s.Sync(item(y2021))
	require.Equal(t, []domain.OutcomeKind{created}, kinds(d))
	require.Len(t, d.Events, 1)
	e, is := d.Events[0].(domain.Opened)
	require.True(t, is)
	require.Equal(t, domaintest.High, e.PrisonerNumber)
	require.Equal(t, domain.Side{ReasonCode: domain.CodeVictim, Role: domain.Victim}, e.Details.Sides[domaintest.High])
	require.Equal(t, domain.Side{ReasonCode: domain.CodePerpetrator, Role: domain.Perpetrator}, e.Details.Sides[domaintest.Low])
	require.Equal(t, domain.OtherReason, e.Details.Reason)
	require.Equal(t, domain.Wing, e.Details.Restriction)
}

func TestSync_aClosedItemIsOneEventToo(t *testing.T) {
	s := domaintest.NewScenario(t)
	d := s.Sync(item(y2021, expiring(y2021)))
	require.Len(t, d.Events, 1)
	require.IsType(t, domain.Opened{}, d.Events[0])
	require.True(t, s.State.Items[0].IsClosed(domain.Today(domaintest.Noon)))
	require.Equal(t, "OFFICER", s.State.Items[0].ClosedBy)
}

func TestSync_migrationImports(t *testing.T) {
	d := domaintest.NewScenario(t).Migrate(item(y2021), item(y2022, expiring(y2023)))
	require.Equal(t, []domain.OutcomeKind{created, created}, kinds(d))
	require.IsType(t, domain.Imported{}, d.Events[0])
	require.IsType(t, domain.Imported{}, d.Events[1])
}

func TestSync_theSameAgainIsUnchanged(t *testing.T) {
	s := domaintest.NewScenario(t)
	first := s.Sync(item(y2021))
	for range 3 {
		d := s.Sync(item(y2021))
		require.Empty(t, d.Events)
		require.Equal(t, []domain.OutcomeKind{unchanged}, kinds(d))
		require.Equal(t, first.Outcomes[0].NonAssociationID, d.Outcomes[0].NonAssociationID)
	}
	require.Empty(t, s.Migrate(item(y2021)).Events)
}

func TestSync_aDifferenceIsOneAmendedWithWasAndNow(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021))
	d := s.Sync(item(y2021, comment("Keep apart"), expiring(y2022)))
	require.Equal(t, []domain.OutcomeKind{amended}, kinds(d))
	require.Equal(t, []domain.Event{domain.Amended{
		NonAssociationID: s.State.Items[0].ID,
		Changes: []domain.Change{
			{Field: domain.FieldExpiryDate, Now: ptr(string(y2022))},
			{Field: domain.FieldComment, Was: ptr("Do not location near"), Now: ptr("Keep apart")},
		},
	}}, d.Events)
}

func TestSync_absenceIsNotAFact(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, expiring(y2021)), item(y2022))
	require.Empty(t, s.Sync().Events)
	require.Empty(t, s.Sync(item(y2022)).Events)
	require.Len(t, s.State.Items, 2)
}

func TestSync_wordsOfStaffSurviveWhatNOMISSaysOfSomethingElse(t *testing.T) {
	s, _ := OpenedScenario(t)
	stored := s.State.Items[0]
	require.Equal(t, domain.Threat, stored.Reason)
	s.Sync(item(stored.EffectiveDate, typed(domain.TypeCell), comment("NOMIS says more")))
	require.Equal(t, domain.Threat, s.State.Items[0].Reason)
	require.Equal(t, "NOMIS says more", *s.State.Items[0].Comment)

	s.Sync(item(stored.EffectiveDate, typed(domain.TypeCell), coded(domain.CodePerpetrator, domain.CodePerpetrator)))
	require.Equal(t, domain.Perpetrator, s.State.Items[0].Sides[domaintest.High].Role, "its own word changed")
	require.Equal(t, domain.Threat, s.State.Items[0].Reason, "NOMIS has no word for it")

	s.Sync(item(stored.EffectiveDate, typed(domain.TypeCell), coded(domain.CodeBullying, domain.CodePerpetrator)))
	require.Equal(t, domain.Bullying, s.State.Items[0].Reason, "this one NOMIS has a word for")
}

func TestSync_ofTwoNotClosedTheLatestCountsAndTheOtherIsRecordedOnce(t *testing.T) {
	for name, items := range map[string][]domain.Item{
		"later last":  {item(y2021), item(y2022)},
		"later first": {item(y2022), item(y2021)},
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t)
			d := s.Sync(items...)
			require.ElementsMatch(t, []domain.OutcomeKind{created, ignored}, kinds(d))
			require.Equal(t, d.Outcomes[0].NonAssociationID, d.Outcomes[1].NonAssociationID)
			require.Equal(t, y2022, s.State.Items[0].EffectiveDate)
			require.Len(t, d.Events, 2)
			require.Empty(t, s.Sync(items...).Events)
		})
	}
}

func TestSync_tiesOfNotClosedGoToTheHigherSequence(t *testing.T) {
	s := domaintest.NewScenario(t)
	d := s.Sync(item(y2021, sequence(2)), item(y2021, sequence(10)), item(y2021, sequence(3)))
	require.Equal(t, []domain.OutcomeKind{ignored, created, ignored}, kinds(d))
	require.Equal(t, domain.NotLatest, d.Outcomes[0].Reason)
	require.Equal(t, 10, s.State.Items[0].TypeSequence)
}

func TestSync_aPendingOneCountsAsNotClosed(t *testing.T) {
	s := domaintest.NewScenario(t)
	d := s.Sync(item(y2099), item(y2021))
	require.Equal(t, []domain.OutcomeKind{ignored, created}, kinds(d))
	require.Equal(t, domain.NotLatest, d.Outcomes[0].Reason)
}

func TestSync_expiryTodayIsClosedAndTomorrowIsNot(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, expiring("2026-07-15T23:59:59")))
	require.Equal(t, -1, s.State.NotClosed(domain.Today(domaintest.Noon)))
	s = domaintest.NewScenario(t)
	s.Sync(item(y2021, expiring("2026-07-16T00:00:00")))
	require.Equal(t, 0, s.State.NotClosed(domain.Today(domaintest.Noon)))
	require.Equal(t, -1, s.State.NotClosed(domain.Today(domaintest.Noon.AddDate(0, 0, 1))), "a date that arrives makes no event")
}

func TestSync_aSecondNotClosedBesideOneThatIsNotPublishedOfIsIgnored(t *testing.T) {
	s := domaintest.NewScenario(t)
	first := s.Sync(item(y2021, expiring(y2021)), item(y2022))
	for _, again := range []domain.Item{item(y2021), item(y2021, named(first.Outcomes[0].NonAssociationID))} {
		d := s.Sync(again)
		require.Equal(t, []domain.OutcomeKind{ignored}, kinds(d))
		require.Equal(t, domain.AnotherNotClosed, d.Outcomes[0].Reason)
		require.Equal(t, first.Outcomes[1].NonAssociationID, d.Outcomes[0].NonAssociationID)
	}
	require.True(t, s.State.Items[0].IsClosed(domain.Today(domaintest.Noon)))
}

func TestSync_oneClosesAndTheOtherReopensInOneRequest(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, expiring(y2021)), item(y2022))
	d := s.Sync(item(y2021), item(y2022, expiring(y2023)))
	require.Equal(t, []domain.OutcomeKind{amended, amended}, kinds(d))
	require.Equal(t, 0, s.State.NotClosed(domain.Today(domaintest.Noon)))
	require.Equal(t, s.State.Items[1].ID, d.Events[0].About(), "the closing comes first")
}

func TestSync_matchesByIdThenSequenceThenDateThenTheOnlyNotClosed(t *testing.T) {
	s := domaintest.NewScenario(t)
	first := s.Sync(item(y2021, expiring(y2021), sequence(1)), item(y2022, expiring(y2022), sequence(2)), item(y2023))
	one, two, three := first.Outcomes[0].NonAssociationID, first.Outcomes[1].NonAssociationID, first.Outcomes[2].NonAssociationID

	d := s.Sync(item("2020-01-01T00:00:00", expiring(y2021), named(one)))
	require.Equal(t, one, d.Outcomes[0].NonAssociationID, "by id, though nothing else fits")

	d = s.Sync(item("2019-01-01T00:00:00", expiring(y2021), sequence(2)))
	require.Equal(t, two, d.Outcomes[0].NonAssociationID, "by sequence")

	d = s.Sync(item("2018-01-01T00:00:00"))
	require.Equal(t, three, d.Outcomes[0].NonAssociationID, "the only not-closed one")

	d = s.Sync(item("2018-01-01T00:00:00", named(domaintest.CommandID(99)), sequence(77)))
	require.Equal(t, three, d.Outcomes[0].NonAssociationID, "an id or sequence that the pair lacks falls through")
}

func TestSync_neverJoinsTwoSequencesByDate(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, expiring(y2021), sequence(1)))
	d := s.Sync(item(y2021, expiring(y2021), sequence(2)))
	require.Equal(t, []domain.OutcomeKind{created}, kinds(d))
}

func TestSync_exactEqualsAreMatchedFirstInAnyOrder(t *testing.T) {
	a, b := item(y2021, expiring(y2021), comment("a")), item(y2021, expiring(y2021), comment("b"))
	s := domaintest.NewScenario(t)
	first := s.Sync(a, b)
	d := s.Sync(b, a)
	require.Empty(t, d.Events)
	require.Equal(t, first.Outcomes[0].NonAssociationID, d.Outcomes[1].NonAssociationID)
	d = s.Sync(b)
	require.Empty(t, d.Events)
	require.Equal(t, first.Outcomes[1].NonAssociationID, d.Outcomes[0].NonAssociationID)
}

func TestSync_aSequenceIsLearnedByAPrivateFact(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021))
	d := s.Sync(item(y2021, sequence(4)))
	require.Equal(t, []domain.OutcomeKind{unchanged}, kinds(d))
	require.Equal(t, []domain.Event{domain.SequenceLearned{NonAssociationID: s.State.Items[0].ID, TypeSequence: 4}}, d.Events)
	require.Empty(t, s.Sync(item(y2021, sequence(4))).Events)
	require.Empty(t, s.Sync(item(y2021)).Events, "no sequence told is no news")
}

func TestSync_aDeletedOneMatchesNothing(t *testing.T) {
	s := domaintest.NewScenario(t)
	id := s.Sync(item(y2021, sequence(1))).Outcomes[0].NonAssociationID
	s.Staff(domain.Delete{ID: id, RequestedBy: "BOSS", DeletionReason: "In error"})

	for _, naming := range []domain.Item{item(y2021, named(id)), item(y2021, sequence(1))} {
		d := s.Sync(naming)
		require.Equal(t, []domain.OutcomeKind{ignored}, kinds(d))
		require.Equal(t, domain.NamesDeleted, d.Outcomes[0].Reason)
		require.Equal(t, id, d.Outcomes[0].NonAssociationID)
	}
	d := s.Sync(item(y2020()), item(y2021, sequence(1)))
	require.Equal(t, []domain.OutcomeKind{created, ignored}, kinds(d), "one that cannot count pushes no other aside")
}

func TestSync_NOMISFactsAreTakenAsGiven(t *testing.T) {
	s := domaintest.NewScenario(t)
	d := s.Sync(item(y2022, expiring(y2021), func(i *domain.Item) { i.AuthorisedBy, i.Comment = nil, nil }))
	require.Equal(t, []domain.OutcomeKind{created}, kinds(d))
	require.Nil(t, s.State.Items[0].Comment)
}

func TestSync_moreItemsThanOneAppendTakesAreRefused(t *testing.T) {
	domaintest.NewScenario(t).Refused(domain.CodeInvalid, domain.NOMIS, domain.Sync{About: domaintest.High, Items: make([]domain.Item, 100)})
}

func TestSync_theFirstFactKeepsTheCommandAndAllKeepWhoAndWhen(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021), item(y2020(), expiring(y2021)))
	require.Len(t, s.Facts, 2)
	first, second := s.Facts[0], s.Facts[1]
	require.JSONEq(t, `"sync"`, string(commandType(t, first)))
	require.Empty(t, second.Meta.Command)
	require.Equal(t, []int{0, 1}, []int{first.Meta.Index, second.Meta.Index})
	require.Equal(t, 2, second.Meta.Count)
	require.Equal(t, domain.EventID(domaintest.CommandID(1), pair.Stream(), 1), second.ID)
	require.Equal(t, domaintest.Noon.UTC(), second.Meta.DecidedAt)
	require.Equal(t, time.UTC, second.Meta.DecidedAt.Location())
}

func y2020() domain.LocalDateTime { return "2020-02-29T00:00:00" }
