package domain_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

const (
	y2018    domain.LocalDateTime = "2018-03-01T09:00:00"
	y2019    domain.LocalDateTime = "2019-03-01T09:00:00"
	today    domain.LocalDateTime = "2026-07-15T23:59:59"
	tomorrow domain.LocalDateTime = "2026-07-16T00:00:00"
	y2204    domain.LocalDateTime = "2204-07-05T10:35:17"
)

// words are what became of each item, with the reason of those ignored.
func words(d domain.Decision) []string {
	var words []string
	for _, o := range d.Outcomes {
		if o.Reason != "" {
			words = append(words, string(o.Reason))
		} else {
			words = append(words, string(o.Kind))
		}
	}
	return words
}

// requireRepeat holds that what was told once is told twice without a word.
func requireRepeat(t *testing.T, s *domaintest.Scenario, d domain.Decision, items ...domain.Item) {
	t.Helper()
	second := s.Sync(items...)
	require.Empty(t, second.Events)
	for i, o := range d.Outcomes {
		if o.Kind != ignored {
			o.Kind = unchanged
		}
		require.Equal(t, o, second.Outcomes[i])
	}
}

func inForce(t *testing.T, s *domaintest.Scenario) domain.NonAssociation {
	t.Helper()
	i := s.State.NotClosed(domain.Today(s.Now))
	require.GreaterOrEqual(t, i, 0, "the two are kept apart")
	return s.State.Items[i]
}

func TestMatch_aSequenceGivenAgainIsANewRecord(t *testing.T) {
	for name, reused := range map[string]domain.Item{
		"another day":         item(y2022, sequence(1)),
		"a day after it":      item("2021-07-06T10:35:17", sequence(1)),
		"another reason":      item(y2021, sequence(1), coded(domain.CodeVictim, domain.CodeBullying)),
		"the other's reason":  item(y2021, sequence(1), coded(domain.CodeBullying, domain.CodePerpetrator)),
		"reasons swapped":     item(y2021, sequence(1), coded(domain.CodePerpetrator, domain.CodeVictim)),
		"another time of day": item(y2022, sequence(1), typed(domain.TypeCell)),
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t)
			old := s.Sync(item(y2021, sequence(1))).Outcomes[0].NonAssociationID
			s.Staff(domain.Delete{ID: old, DeletionReason: "In error"})
			d := s.Sync(reused)
			require.Equal(t, []string{"CREATED"}, words(d))
			require.Equal(t, reused.EffectiveDate, inForce(t, s).EffectiveDate)
			requireRepeat(t, s, d, reused)

			echo := s.Sync(item(y2021, sequence(1), comment("late")))
			require.Equal(t, []string{"DELETED"}, words(echo), "what was deleted does not come back, nor change the new one")
			require.Equal(t, old, echo.Outcomes[0].NonAssociationID)
			requireRepeat(t, s, d, reused)
		})
	}
}

func TestMatch_anEchoOfADeletedOneMayDifferInWhatIsNoName(t *testing.T) {
	s := domaintest.NewScenario(t)
	old := s.Sync(item(y2021, sequence(1))).Outcomes[0].NonAssociationID
	s.Staff(domain.Delete{ID: old})
	for _, echo := range []domain.Item{
		item(y2021, sequence(1)), item("2021-07-05T23:59:59", sequence(1)), item(y2021, sequence(1), typed(domain.TypeTotal)),
		item(y2021, sequence(1), comment("other"), expiring(y2022)), item(y2021, sequence(1), func(i *domain.Item) { i.AuthorisedBy = nil }),
		item("2021-07-05T00:00:00", sequence(1), daysOnly), item(y2022, named(old)), item(y2022, named(old), sequence(9)),
	} {
		d := s.Sync(echo)
		require.Equal(t, []string{"DELETED"}, words(d))
		require.Equal(t, old, d.Outcomes[0].NonAssociationID)
		requireRepeat(t, s, d, echo)
	}
}

func TestMatch_aLiveRecordGoesBeforeADeletedOneOfItsSequence(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Staff(domain.Delete{ID: s.Sync(item(y2021, sequence(1))).Outcomes[0].NonAssociationID})
	live := s.Sync(item(y2021)).Outcomes[0].NonAssociationID
	s.Sync(item(y2021, named(live), sequence(1)))
	d := s.Sync(item(y2021, sequence(1), typed(domain.TypeTotal)))
	require.Equal(t, []string{"AMENDED"}, words(d))
	require.Equal(t, live, d.Outcomes[0].NonAssociationID)
}

func TestMatch_aReleasedSequenceClaimsNothing(t *testing.T) {
	s := domaintest.NewScenario(t)
	id := s.Sync(item(y2021, sequence(1))).Outcomes[0].NonAssociationID
	s.Staff(domain.Delete{ID: id})
	s.Happens(domain.SequenceReleased{NonAssociationID: id, TypeSequence: 2})
	require.Equal(t, []string{"DELETED"}, words(s.Sync(item(y2021, sequence(1)))), "it has another by then")
	s.Happens(domain.SequenceReleased{NonAssociationID: id, TypeSequence: 1})
	require.Equal(t, []string{"DELETED"}, words(s.Sync(item(y2021, named(id)))), "its id is its id")
	require.Equal(t, []string{"CREATED"}, words(s.Sync(item(y2021, sequence(1)))))
}

func TestIgnored_mayHaveNoItemAndNoRecord(t *testing.T) {
	eventType, data := domain.Encode(domain.Ignored{Reason: domain.NamesDeleted})
	require.JSONEq(t, `{"nonAssociationId":"00000000-0000-0000-0000-000000000000","reason":"DELETED","item":null}`, string(data))
	event, err := domain.Events().Decode(eventType, data)
	require.NoError(t, err)
	state := domain.Evolve(domain.State{Pair: pair}, domain.Fact{Event: event})
	require.Len(t, state.Ignored, 1)
}

func TestSequences_areOneRecordEachAndShowInNoAnswer(t *testing.T) {
	s := domaintest.NewScenario(t)
	first := s.Sync(item(y2018, expiring(y2019), sequence(1)), item(y2021))
	one, two := first.Outcomes[0].NonAssociationID, first.Outcomes[1].NonAssociationID
	before := s.State
	s.Happens(domain.SequenceLearned{NonAssociationID: two, TypeSequence: 1})
	require.Equal(t, []int{0, 1}, sequences(s.State), "taken from the one that had it")
	require.Equal(t, []int{1, 0}, sequences(before), "the given state stays as it was")
	s.Happens(domain.SequenceLearned{NonAssociationID: two, TypeSequence: 3})
	require.Equal(t, []int{0, 3}, sequences(s.State), "a later one replaces it")
	s.Happens(domain.SequenceReleased{NonAssociationID: two, TypeSequence: 1})
	require.Equal(t, []int{0, 3}, sequences(s.State))
	s.Happens(domain.SequenceReleased{NonAssociationID: two, TypeSequence: 3})
	require.Equal(t, []int{0, 0}, sequences(s.State))
	for i, n := range s.State.Items {
		require.Equal(t, before.Items[i].LastEventID, n.LastEventID)
		require.Equal(t, before.Items[i].UpdatedAt, n.UpdatedAt)
	}
	s.Sync(item(y2018, expiring(y2019), named(one), sequence(4)), item(y2021, named(two), sequence(5)))
	d := s.Sync(item(y2018, expiring(y2019), named(one), sequence(5)), item(y2021, named(two), sequence(4)))
	require.Equal(t, []int{5, 4}, sequences(s.State), "two that change places")
	requireRepeat(t, s, d, item(y2018, expiring(y2019), sequence(5)), item(y2021, sequence(4)))
}

func sequences(s domain.State) (all []int) {
	for _, n := range s.Items {
		all = append(all, n.TypeSequence)
	}
	return all
}

// Rule 6, in one request. The first of each is the one that counts.
func TestMatch_whatHasBegunCountsBeforeWhatIsToCome(t *testing.T) {
	for name, items := range map[string][]domain.Item{
		"begun before to come":             {item(y2021), item(y2204)},
		"today before tomorrow":            {item(today), item(tomorrow)},
		"the latest that has begun":        {item(y2022), item(y2021), item(y2204)},
		"the earliest to come":             {item(tomorrow), item(y2099), item(y2204)},
		"date before sequence":             {item(y2022, sequence(1)), item(y2021, sequence(2))},
		"earliest to come before sequence": {item(y2099, sequence(1)), item(y2204, sequence(2))},
		"begun before sequence":            {item(y2021, sequence(1)), item(y2204, sequence(2))},
		"the higher sequence":              {item(y2021, sequence(10)), item(y2021, sequence(9))},
		"sequence before content":          {item(y2021, sequence(2), typed(domain.TypeCell)), item(y2021, sequence(1), typed(domain.TypeWing))},
		"the one that names an id":         {item(y2021, named(domaintest.CommandID(99))), item(y2021, named(uuid.UUID{1}))},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
				s, told, counts := domaintest.NewScenario(t), []domain.Item(nil), 0
				for _, i := range order {
					if i < len(items) {
						if i == 0 {
							counts = len(told)
						}
						told = append(told, items[i])
					}
				}
				d := s.Sync(told...)
				for i, word := range words(d) {
					require.Equal(t, map[bool]string{true: "CREATED", false: "NOT_LATEST"}[i == counts], word)
					require.Equal(t, inForce(t, s).ID, d.Outcomes[i].NonAssociationID)
				}
				require.Equal(t, items[0].EffectiveDate, inForce(t, s).EffectiveDate)
				requireRepeat(t, s, d, told...)
			}
		})
	}
}
