package domain_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// mappedPair is a pair of three records: mapped to 4, mapped to none, and mapped to 2 and
// deleted.
func mappedPair() domain.State {
	return domain.Fold(pair, []domain.Fact{
		factOf(1, domain.Opened{NonAssociationID: recordID(1), TypeSequence: 4, Details: detailsOf(y2021)}),
		factOf(2, domain.Opened{NonAssociationID: recordID(2), Details: detailsOf(y2022)}),
		factOf(3, domain.Opened{NonAssociationID: recordID(3), TypeSequence: 2, Details: detailsOf(y2023)}),
		factOf(4, domain.Deleted{NonAssociationID: recordID(3)}),
	})
}

func decideOn(s domain.State, c domain.Command) (domain.Decision, error) {
	return domain.Decide(s, c, domaintest.Noon, domain.Cause{CommandID: uuid.New(), Actor: "NOMIS_MAPPER", Source: domain.NOMIS})
}

func TestLearnSequence_ofAPairTakesNothingThatIsMapped(t *testing.T) {
	for name, c := range map[string]struct {
		learn  domain.LearnSequence
		holder uuid.UUID
	}{
		"the record has another":      {domain.LearnSequence{ID: recordID(1), TypeSequence: 5, Pair: pair}, recordID(1)},
		"another record has it":       {domain.LearnSequence{ID: recordID(2), TypeSequence: 4, Pair: pair}, recordID(1)},
		"a deleted record has it":     {domain.LearnSequence{ID: recordID(2), TypeSequence: 2, Pair: pair}, recordID(3)},
		"both, and the sequence says": {domain.LearnSequence{ID: recordID(1), TypeSequence: 2, Pair: pair}, recordID(3)},
	} {
		_, err := decideOn(mappedPair(), c.learn)
		var refusal domain.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, domain.CodeMapped, refusal.Code, name)
		require.Equal(t, c.holder, refusal.Current.ID, name)
	}
	for name, c := range map[string]domain.LearnSequence{
		"free":          {ID: recordID(2), TypeSequence: 1, Pair: pair},
		"of no pair":    {ID: recordID(1), TypeSequence: 5},
		"taken by turn": {ID: recordID(2), TypeSequence: 4},
	} {
		d, err := decideOn(mappedPair(), c)
		require.NoError(t, err, name)
		require.Len(t, d.Events, 1, name)
	}
	d, err := decideOn(mappedPair(), domain.LearnSequence{ID: recordID(1), TypeSequence: 4, Pair: pair})
	require.NoError(t, err)
	require.Empty(t, d.Events, "the same again")
}

func TestLearnSequence_ofAnotherPairIsInvalid(t *testing.T) {
	_, err := decideOn(mappedPair(), domain.LearnSequence{ID: recordID(1), TypeSequence: 4, Pair: target})
	var refusal domain.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.CodeInvalid, refusal.Code)
	_, err = decideOn(mappedPair(), domain.LearnSequence{ID: recordID(9), TypeSequence: 4, Pair: pair})
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.CodeNotFound, refusal.Code)
}

func TestLearnSequence_thatALaterRecordTookIsItsOwn(t *testing.T) {
	s := mappedPair()
	s = domain.Evolve(s, factOf(5, domain.SequenceLearned{NonAssociationID: recordID(2), TypeSequence: 2}))
	_, err := decideOn(s, domain.LearnSequence{ID: recordID(1), TypeSequence: 2, Pair: pair})
	var refusal domain.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, recordID(2), refusal.Current.ID, "and not of the deleted one")
}

func TestReleaseSequence_withoutOneIsOfTheOneThatTheRecordHas(t *testing.T) {
	d, err := decideOn(mappedPair(), domain.ReleaseSequence{ID: recordID(1)})
	require.NoError(t, err)
	require.Equal(t, []domain.Event{domain.SequenceReleased{NonAssociationID: recordID(1), TypeSequence: 4}}, d.Events)
	d, err = decideOn(mappedPair(), domain.ReleaseSequence{ID: recordID(2)})
	require.NoError(t, err)
	require.Empty(t, d.Events)
}

// A mapping that is ended says nothing of a record that has none. A comparison with NOMIS
// does, of a deleted one.
func TestReleaseSequence_ofARecordWithoutOneNeedsAComparison(t *testing.T) {
	s := domain.Evolve(mappedPair(), factOf(5, domain.Opened{NonAssociationID: recordID(7), Details: detailsOf(y2022)}))
	compared := domain.ReleaseSequence{ID: recordID(7), Unmapped: true}
	d, err := decideOn(s, compared)
	require.NoError(t, err)
	require.Empty(t, d.Events, "a live one keeps what is known of it")
	s = domain.Evolve(s, factOf(6, domain.Deleted{NonAssociationID: recordID(7)}))
	d, err = decideOn(s, domain.ReleaseSequence{ID: recordID(7)})
	require.NoError(t, err)
	require.Empty(t, d.Events)
	d, err = decideOn(s, compared)
	require.NoError(t, err)
	require.Equal(t, []domain.Event{domain.SequenceReleased{NonAssociationID: recordID(7)}}, d.Events)
	s = domain.Evolve(s, factOf(7, domain.SequenceLearned{NonAssociationID: recordID(7), TypeSequence: 6}))
	d, err = decideOn(s, domain.ReleaseSequence{ID: recordID(7), TypeSequence: 7, Unmapped: true})
	require.NoError(t, err)
	require.Empty(t, d.Events, "of another sequence")
}

func TestMapping_beginsWithWhateverGivesASequence(t *testing.T) {
	for name, told := range map[string][]domain.Event{
		"opened":   {domain.Opened{NonAssociationID: recordID(1), TypeSequence: 4, Details: detailsOf(y2021)}},
		"imported": {domain.Imported{NonAssociationID: recordID(1), TypeSequence: 4, Details: detailsOf(y2021)}},
		"amended": {
			domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)},
			domain.Amended{NonAssociationID: recordID(1), Changes: []domain.Change{{Field: domain.FieldTypeSequence, Now: ptr("4")}}},
		},
		"learned": {
			domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)},
			domain.SequenceLearned{NonAssociationID: recordID(1), TypeSequence: 4},
		},
	} {
		x := newStandings()
		for _, event := range told {
			x.happens(domain.NOMIS, event)
		}
		require.Equal(t, []domain.MappingChange{{ID: recordID(1), TypeSequence: 4, Type: domain.MappingNOMIS}}, x.changes, name)
		require.Equal(t, 4, x.list[0].Mapped, name)
	}
}

func TestMapping_endsWhenItIsReleasedReplacedOrTaken(t *testing.T) {
	x := newStandings()
	x.opened(domain.NOMIS)
	x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1), TypeSequence: 3})
	require.Empty(t, x.changes, "it has another sequence by then")
	x.happens(domain.NOMIS, domain.SequenceLearned{NonAssociationID: recordID(1), TypeSequence: 5})
	require.Equal(t, []domain.MappingChange{{ID: recordID(1)}, {ID: recordID(1), TypeSequence: 5, Type: domain.MappingNOMIS}}, x.changes)
	x.happens(domain.NOMIS, domain.Opened{NonAssociationID: recordID(2), TypeSequence: 5, Details: detailsOf(y2022)})
	require.Equal(t, []domain.MappingChange{{ID: recordID(1)}, {ID: recordID(2), TypeSequence: 5, Type: domain.MappingNOMIS}}, x.changes)
	require.Zero(t, x.list[0].Mapped)
	x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(2), TypeSequence: 5})
	require.Equal(t, []domain.MappingChange{{ID: recordID(2)}}, x.changes)
	for _, event := range []domain.Event{
		domain.Deleted{NonAssociationID: recordID(1)},
		domain.Ignored{NonAssociationID: recordID(2), Reason: domain.NotLatest, Item: ptr(item(y2021, sequence(7)))},
	} {
		x.happens(domain.NOMIS, event)
		require.Empty(t, x.changes)
	}
}
