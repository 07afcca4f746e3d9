package queries_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
)

// does runs a command on a record, as NOMIS or as staff.
func (r *service) does(by domain.Cause, id uuid.UUID, command domain.Command) {
	r.t.Helper()
	r.waitForProjection()
	receipt, err := r.commands.ExecuteByID(r.t.Context(), by, id, command)
	require.NoError(r.t, err)
	r.position = receipt.Position.Uint64()
}

// tells is NOMIS or a migration telling of records of a pair, with their sequences.
func (r *service) tells(cause domain.Cause, pair domain.Pair, effective domain.LocalDateTime, sequence int) uuid.UUID {
	r.t.Helper()
	numbers := pair.Numbers()
	told, err := r.commands.Sync(r.t.Context(), cause, []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: numbers[0], Items: []domain.Item{{
		EffectiveDate: effective, TypeCode: domain.TypeWing, TypeSequence: sequence,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{numbers[0]: domain.CodeVictim, numbers[1]: domain.CodePerpetrator},
	}}}}})
	require.NoError(r.t, err)
	r.position = told.Position.Uint64()
	return told.Outcomes[0][0].NonAssociationID
}

func staff() domain.Cause {
	return domain.Cause{CommandID: uuid.New(), Actor: "OFFICER", Source: domain.DPS}
}

func migration(id uuid.UUID) domain.Cause {
	return domain.Cause{CommandID: uuid.New(), CorrelationID: id, Actor: "MIGRATOR", Source: domain.Migration}
}

func pairFor(t testing.TB, one, other domain.PrisonerNumber) domain.Pair {
	t.Helper()
	pair, err := domain.NewPair(one, other)
	require.NoError(t, err)
	return pair
}

func TestMapping_isFoundByRecordAndBySequenceWhileItHolds(t *testing.T) {
	t.Parallel()
	r, pair := newRecord(t), pairFor(t, "A1111AA", "B1111BB")
	id := r.tells(by(), pair, "2021-07-05T10:35:17", 4)
	r.waitForProjection()
	of, err := r.MappingOf(t.Context(), id, r.position)
	require.NoError(t, err)
	require.Len(t, of.Mappings, 1)
	require.GreaterOrEqual(t, of.Position, r.position)
	m := of.Mappings[0]
	require.Equal(t, queries.Mapping{NonAssociationID: id, Pair: pair, TypeSequence: 4, Type: domain.MappingNOMIS, Correlation: m.Correlation, Since: m.Since}, m)
	by4, err := r.MappingBySequence(t.Context(), pair, 4, r.position)
	require.NoError(t, err)
	require.Equal(t, of.Mappings, by4.Mappings)

	r.does(by(), id, domain.LearnSequence{ID: id, TypeSequence: 5})
	r.does(by(), id, domain.ReleaseSequence{ID: id})
	r.waitForProjection()
	for _, sequence := range []int{4, 5} {
		none, err := r.MappingBySequence(t.Context(), pair, sequence, r.position)
		require.NoError(t, err)
		require.Empty(t, none.Mappings)
	}
	none, err := r.MappingOf(t.Context(), id, r.position)
	require.NoError(t, err)
	require.Empty(t, none.Mappings)

	history, err := r.MappingHistory(t.Context(), id, r.position)
	require.NoError(t, err)
	require.Len(t, history.Mappings, 2)
	require.Equal(t, []int{4, 5}, []int{history.Mappings[0].TypeSequence, history.Mappings[1].TypeSequence})
	require.Equal(t, history.Mappings[1].Since, *history.Mappings[0].Until)
	require.NotNil(t, history.Mappings[1].Until)
}

func TestMapping_ofADeletedRecordHoldsUntilItIsReleased(t *testing.T) {
	t.Parallel()
	r, pair := newRecord(t), pairFor(t, "A1111AA", "B1111BB")
	id := r.tells(by(), pair, "2021-07-05T10:35:17", 4)
	r.does(staff(), id, domain.Delete{ID: id})
	r.waitForProjection()
	of, err := r.MappingOf(t.Context(), id, r.position)
	require.NoError(t, err)
	require.Len(t, of.Mappings, 1)

	other := r.tells(by(), pair, "2022-07-05T10:35:17", 4) // NOMIS used the number again
	r.waitForProjection()
	of, err = r.MappingOf(t.Context(), id, r.position)
	require.NoError(t, err)
	require.Empty(t, of.Mappings)
	by4, err := r.MappingBySequence(t.Context(), pair, 4, r.position)
	require.NoError(t, err)
	require.Equal(t, other, by4.Mappings[0].NonAssociationID)
}

func TestMigrated_isPagedByMigrationAndTheLatestIsKnown(t *testing.T) {
	t.Parallel()
	r, first, second := newRecord(t), uuid.New(), uuid.New()
	none, err := func() (queries.Mappings, error) { r.waitForProjection(); return r.LatestMigrated(t.Context(), 0) }()
	require.NoError(t, err)
	require.Empty(t, none.Mappings)
	var ids []uuid.UUID
	for _, other := range []domain.PrisonerNumber{"B1111BB", "C1111CC", "D1111DD"} {
		ids = append(ids, r.tells(migration(first), pairFor(t, "A1111AA", other), "2021-07-05T10:35:17", 1))
	}
	last := r.tells(migration(second), pairFor(t, "A1111AA", "E1111EE"), "2021-07-05T10:35:17", 2)
	r.tells(by(), pairFor(t, "A1111AA", "F1111FF"), "2021-07-05T10:35:17", 2)
	r.does(by(), ids[1], domain.ReleaseSequence{ID: ids[1]})
	r.waitForProjection()

	page := func(offset int64) queries.MigratedPage {
		page, err := r.Migrated(t.Context(), queries.MigratedRequest{Migration: first, Size: 1, Offset: offset, AtLeast: r.position})
		require.NoError(t, err)
		require.EqualValues(t, 2, page.Total, "of those that hold")
		return page
	}
	require.Equal(t, ids[0], page(0).Mappings.Mappings[0].NonAssociationID)
	require.Equal(t, ids[2], page(1).Mappings.Mappings[0].NonAssociationID)
	require.Empty(t, page(2).Mappings.Mappings)
	latest, err := r.LatestMigrated(t.Context(), r.position)
	require.NoError(t, err)
	require.Equal(t, last, latest.Mappings[0].NonAssociationID)
	require.Equal(t, second, latest.Mappings[0].Correlation)
	require.WithinDuration(t, time.Now(), latest.Mappings[0].Since, time.Hour*24*365*100)
}
