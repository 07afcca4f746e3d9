package queries_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

// delivery reads the delivery of a record at the head.
func (r *service) delivery(id uuid.UUID) queries.Delivery {
	r.t.Helper()
	r.waitForProjection()
	found, err := r.Delivery(r.t.Context(), id, r.position)
	require.NoError(r.t, err)
	require.Len(r.t, found.Deliveries, 1)
	require.GreaterOrEqual(r.t, found.Position, r.position)
	return found.Deliveries[0]
}

// opens is staff opening a record.
func (r *service) opens(pair domain.Pair) uuid.UUID {
	r.t.Helper()
	receipt, err := r.commands.Execute(r.t.Context(), staff(), pair, domain.Open{
		FirstPrisoner: pair.Numbers()[0], Comment: "Apart", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{pair.Numbers()[0]: domain.Victim, pair.Numbers()[1]: domain.Perpetrator},
	})
	require.NoError(r.t, err)
	r.position = receipt.Position.Uint64()
	return receipt.NonAssociation.ID
}

func TestDelivery_ofWhatNOMISToldIsInStepUntilStaffChangeIt(t *testing.T) {
	t.Parallel()
	r, pair := newRecord(t), pairFor(t, "A1111AA", "B1111BB")
	id := r.tells(by(), pair, "2021-07-05T10:35:17", 4)
	d := r.delivery(id)
	require.Nil(t, d.DiffersSince)
	require.NotNil(t, d.DeliveredAt)
	require.EqualValues(t, 0, *d.Revision)
	require.Equal(t, 4, *d.TypeSequence)
	require.Equal(t, pair, d.Pair)
	require.Equal(t, "2021-07-05", d.EffectiveDay)

	comment := "Keep apart"
	r.does(staff(), id, domain.Amend{ID: id, Comment: &comment})
	d = r.delivery(id)
	require.NotNil(t, d.DiffersSince)
	require.False(t, d.IsHeld(today))

	detail := domain.Detail{
		Comment: &comment, EffectiveDate: "2021-07-05", TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{"A1111AA": domain.CodeVictim, "B1111BB": domain.CodePerpetrator},
	}
	r.does(by(), id, domain.Deliver{ID: id, TypeSequence: 4, Revision: 1, Detail: detail})
	d = r.delivery(id)
	require.Nil(t, d.DiffersSince)
	require.EqualValues(t, 1, *d.Revision)

	r.does(staff(), id, domain.Delete{ID: id})
	require.NotNil(t, r.delivery(id).DiffersSince)
	r.does(by(), id, domain.ReleaseSequence{ID: id})
	d = r.delivery(id)
	require.Nil(t, d.DiffersSince)
	require.Nil(t, d.DeliveredAt)
	require.True(t, d.Deleted)
	unknown, err := r.Delivery(t.Context(), uuid.New(), r.position)
	require.NoError(t, err)
	require.Empty(t, unknown.Deliveries)
}

func TestPending_isWhatDiffersAndIsNotHeld(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.tells(by(), pairFor(t, "A1111AA", "Z1111ZZ"), "2021-07-05T10:35:17", 4) // in step
	before := time.Now().Add(time.Hour)
	r.waitForProjection()
	_, is, err := r.OldestPending(t.Context(), today, r.position)
	require.NoError(t, err)
	require.False(t, is)

	opened := r.opens(pairFor(t, "A1111AA", "B1111BB"))
	since := *r.delivery(opened).DiffersSince
	later := r.tells(by(), pairFor(t, "A1111AA", "C1111CC"), "2026-07-16T00:00:00", 1)
	comment := "to come"
	r.does(staff(), later, domain.Amend{ID: later, Comment: &comment})
	require.True(t, r.delivery(later).IsHeld(today))
	r.waitForProjection()

	pairs, err := r.Pending(t.Context(), queries.PendingRequest{Before: before, Today: today, Limit: 10, AtLeast: r.position})
	require.NoError(t, err)
	require.Equal(t, []domain.Pair{pairFor(t, "A1111AA", "B1111BB")}, pairs)
	pairs, err = r.Pending(t.Context(), queries.PendingRequest{Before: before, Today: "2026-07-16", Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []domain.Pair{pairFor(t, "A1111AA", "B1111BB"), pairFor(t, "A1111AA", "C1111CC")}, pairs)
	pairs, err = r.Pending(t.Context(), queries.PendingRequest{Before: before, Today: "2026-07-16", Limit: 1})
	require.NoError(t, err)
	require.Len(t, pairs, 1)
	pairs, err = r.Pending(t.Context(), queries.PendingRequest{Before: before, Today: "2026-07-16", After: pairs[0].String(), Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []domain.Pair{pairFor(t, "A1111AA", "C1111CC")}, pairs, "the next page")
	pairs, err = r.Pending(t.Context(), queries.PendingRequest{Before: since, Today: today, Limit: 10})
	require.NoError(t, err)
	require.Empty(t, pairs)
	for name, c := range map[string]struct {
		from, to time.Duration // after it became pending
		listed   bool
	}{
		"not late yet": {-20 * time.Minute, -time.Minute, false}, "late since": {-time.Minute, time.Minute, true},
		"listed before": {time.Minute, 14 * time.Minute, false}, "again": {14 * time.Minute, 16 * time.Minute, true},
		"again after a pause of the caller": {time.Minute, time.Hour, true},
	} {
		pairs, err := r.Pending(t.Context(), queries.PendingRequest{
			Before: since.Add(c.to), Last: since.Add(c.from), Every: 15 * time.Minute, Today: today, Limit: 10,
		})
		require.NoError(t, err)
		require.Equal(t, c.listed, len(pairs) == 1, name)
	}
	oldest, is, err := r.OldestPending(t.Context(), today, r.position)
	require.NoError(t, err)
	require.True(t, is)
	require.WithinDuration(t, since, oldest, 0)
}

func TestPairsOnDays_haveARecordThatBeginsOrEndsThen(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", today+"T00:00:00", "")
	r.sync("A1111AA", "C1111CC", "2021-07-05T10:35:17", today+"T23:59:59")
	r.sync("A1111AA", "D1111DD", "2021-07-05T10:35:17", "2026-07-16T00:00:00")
	gone := r.tells(by(), pairFor(t, "A1111AA", "E1111EE"), domain.LocalDateTime(today+"T00:00:00"), 0)
	r.does(by(), gone, domain.Delete{ID: gone})
	r.waitForProjection()
	pairs, err := r.PairsOnDays(t.Context(), today, today, r.position)
	require.NoError(t, err)
	require.Equal(t, []domain.Pair{pairFor(t, "A1111AA", "B1111BB"), pairFor(t, "A1111AA", "C1111CC")}, pairs)
	pairs, err = r.PairsOnDays(t.Context(), today, "2026-07-16", r.position)
	require.NoError(t, err)
	require.Len(t, pairs, 3)
	_, err = r.PairsOnDays(t.Context(), "2026-07-16", today, 0)
	require.Error(t, err)
}
