package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// givesBack notes records with the texts before and after.
func (f fixture) givesBack(now time.Time, pair domain.Pair, ids ...uuid.UUID) int {
	f.t.Helper()
	records := make([]store.GivenBack, len(ids))
	for i, id := range ids {
		records[i] = store.GivenBack{NonAssociationID: id, Before: *detailWith("Second"), After: *detailWith("Told")}
	}
	count, err := f.countsBack(now, pair, records...)
	require.NoError(f.t, err)
	return count
}

// countsBack counts under the brake as it is.
func (f fixture) countsBack(now time.Time, pair domain.Pair, records ...store.GivenBack) (int, error) {
	brake, err := f.GetBrake(f.t.Context())
	require.NoError(f.t, err)
	return f.GiveBack(f.t.Context(), store.GivingBack{Now: now, Within: 10 * time.Minute, Most: 5, Brake: brake, Why: why}, pair, records...)
}

func why(int) string { return "NOMIS looks restored." }

// A turn was planned before the brake was set, and counts after it was released. That sets
// no other brake.
func TestGiveBack_thatWasPlannedUnderAnotherBrakeCountsNothing(t *testing.T) {
	f := newFixture(t)
	var many []store.GivenBack
	for range 6 {
		many = append(many, store.GivenBack{NonAssociationID: uuid.New(), Before: *detailWith("Second"), After: *detailWith("Told")})
	}
	planned := store.GivingBack{Now: noon, Within: 10 * time.Minute, Most: 5, Why: why}
	count, err := f.GiveBack(t.Context(), planned, pairOf(t, 1), many...)
	require.NoError(t, err)
	require.Equal(t, 6, count)
	brake, err := f.GetBrake(t.Context())
	require.NoError(t, err)
	require.True(t, brake.IsOn(), "it is set with the count")
	require.Equal(t, why(6), brake.Why)
	_, err = f.GiveBack(t.Context(), planned, pairOf(t, 2), many...)
	require.ErrorIs(t, err, store.ErrOtherBrake, "it is on")

	require.NoError(t, f.ReleaseBrake(t.Context(), store.Release{At: noon, From: store.FromDPS, Reason: "x", By: "OPERATOR"}))
	for _, pair := range []domain.Pair{pairOf(t, 2), pairOf(t, 3)} {
		_, err = f.GiveBack(t.Context(), planned, pair, many...)
		require.ErrorIs(t, err, store.ErrOtherBrake)
	}
	counted, err := f.Counted(t.Context())
	require.NoError(t, err)
	require.Empty(t, counted)
	brake, err = f.GetBrake(t.Context())
	require.NoError(t, err)
	require.False(t, brake.IsOn())
}

func (f fixture) restored(pair domain.Pair) store.RestoredPair {
	f.t.Helper()
	found, err := f.RestoredPair(f.t.Context(), pair)
	require.NoError(f.t, err)
	return found
}

func TestGiveBack_countsARecordOnceWithinItsTime(t *testing.T) {
	f, one, other := newFixture(t), uuid.New(), uuid.New()
	require.Equal(t, 1, f.givesBack(noon, pairOf(t, 1), one))
	require.Equal(t, 1, f.givesBack(noon, pairOf(t, 1), one), "a repeated turn")
	require.Equal(t, 2, f.givesBack(noon, pairOf(t, 1), other), "another record of the pair")
	require.Equal(t, 3, f.givesBack(noon.Add(5*time.Minute), pairOf(t, 2), uuid.New()))
	require.Equal(t, 2, f.givesBack(noon.Add(11*time.Minute), pairOf(t, 3), uuid.New()), "the first pair is too long ago")
	counted, err := f.Counted(t.Context())
	require.NoError(t, err)
	require.Equal(t, []store.CountedPair{{Pair: pairOf(t, 2), Records: 1}, {Pair: pairOf(t, 3), Records: 1}}, counted)
}

func TestRelease_fromDPSRemembersThePairsThatWereCounted(t *testing.T) {
	f, pair, id := newFixture(t), pairOf(t, 1), uuid.New()
	release := store.Release{At: noon, From: store.FromDPS, Reason: "x", By: "OPERATOR"}
	require.ErrorIs(t, f.ReleaseBrake(t.Context(), release), store.ErrNoBrake)
	f.givesBack(noon, pair, id)
	require.ErrorIs(t, f.ReleaseBrake(t.Context(), release), store.ErrNoBrake)
	require.Zero(t, f.restored(pair), "nothing was released")

	require.NoError(t, f.SetBrake(t.Context(), noon, "x"))
	require.NoError(t, f.ReleaseBrake(t.Context(), release))
	found := f.restored(pair)
	require.True(t, noon.Equal(found.ReleasedAt))
	require.Equal(t, []store.GivenBack{{NonAssociationID: id, Before: *detailWith("Second"), After: *detailWith("Told")}}, found.Records)
	require.Equal(t, 1, f.givesBack(noon, pairOf(t, 2), uuid.New()), "it counts anew")

	require.NoError(t, f.SettleRestored(t.Context(), pair, false))
	require.Empty(t, f.restored(pair).Records)
	require.True(t, noon.Equal(f.restored(pair).ReleasedAt), "until it is in step")
	require.NoError(t, f.SettleRestored(t.Context(), pair, true))
	require.Zero(t, f.restored(pair))
}

func TestRelease_fromNOMISForgetsThem(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	for _, from := range []store.Side{store.FromDPS, store.FromNOMIS} {
		f.givesBack(noon, pair, uuid.New())
		require.NoError(t, f.SetBrake(t.Context(), noon, "x"))
		require.NoError(t, f.ReleaseBrake(t.Context(), store.Release{At: noon, From: from, Reason: "x", By: "OPERATOR"}))
	}
	require.Zero(t, f.restored(pair))
	counted, err := f.Counted(t.Context())
	require.NoError(t, err)
	require.Empty(t, counted)
}

func TestRecord_keepsADifferenceThatOnlyAPersonEnds(t *testing.T) {
	f, pair, id := newFixture(t), pairOf(t, 1), uuid.New()
	f.record(noon, pair, differs(id, "Theirs"))
	stays := differs(id, "Told")
	stays.Stays = true
	f.record(noon, pair, stays)
	kept := f.living(pair)[0]
	require.True(t, kept.Stays)
	f.record(noon.Add(time.Minute), pair)
	f.record(noon.Add(time.Minute), pair, differs(id, "Others"))
	after := f.living(pair)
	require.Len(t, after, 1)
	require.Equal(t, kept.Version, after[0].Version)
	require.Equal(t, "Told", *after[0].Theirs.Comment)
	require.True(t, noon.Add(time.Minute).Equal(after[0].LastSeen))

	_, err := f.Accept(t.Context(), kept.ID, kept.Version, store.Decision{By: "OPERATOR", Reason: "x", Until: domain.Today(noon)})
	require.NoError(t, err)
	f.record(noon, pair)
	require.Equal(t, store.StateAccepted, f.living(pair)[0].State, "a person decided")
	require.NoError(t, f.Record(t.Context(), pair, noon, domain.Today(noon.AddDate(0, 0, 1)), uuid.Nil))
	again := f.living(pair)[0]
	require.Equal(t, store.StateOpen, again.State, "its last day has passed")
	require.Empty(t, again.DecidedBy)
	require.True(t, again.Stays)

	require.NoError(t, f.EndStaying(t.Context(), again.ID, noon))
	ended, err := f.Difference(t.Context(), again.ID)
	require.NoError(t, err)
	require.Equal(t, store.StateRepaired, ended.State)
	f.record(noon, pair, differs(id, "Theirs"))
	require.NoError(t, f.EndStaying(t.Context(), f.living(pair)[0].ID, noon))
	require.Len(t, f.living(pair), 1, "another one heals as ever")
}
