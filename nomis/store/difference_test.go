package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

const today = "2026-07-15"

// detailWith is a canonical detail with a comment.
func detailWith(comment string) *domain.Detail {
	return &domain.Detail{
		Comment: &comment, EffectiveDate: "2021-07-05", TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{"A0135GA": "VIC", "A9109UD": "PER"},
	}
}

func differs(id uuid.UUID, theirs string) store.Finding {
	ours := "Ours"
	return store.Finding{
		NonAssociationID: id, TypeSequence: 1, Bucket: store.Differs, Why: "NOMIS holds other values.", Cause: "UNKNOWN",
		Fields: []store.Field{{Field: "comment", Ours: &ours, Theirs: &theirs}}, Ours: detailWith(ours), Theirs: detailWith(theirs),
	}
}

func (f fixture) record(now time.Time, pair domain.Pair, found ...store.Finding) {
	f.t.Helper()
	require.NoError(f.t, f.Record(f.t.Context(), pair, now, today, uuid.Nil, found...))
}

func (f fixture) living(pair domain.Pair) []store.Difference {
	f.t.Helper()
	all, err := f.Living(f.t.Context(), pair)
	require.NoError(f.t, err)
	return all
}

func TestRecord_opensWhatIsFoundAndHealsWhatIsGone(t *testing.T) {
	f, pair, id := newFixture(t), pairOf(t, 1), uuid.New()
	f.record(noon, pair)
	require.Empty(t, f.living(pair))
	alone := store.Finding{TypeSequence: 2, Bucket: store.OnlyThere, Problem: "ANOTHER_OPEN", Why: "x", Cause: "SEVERAL_OPEN", Theirs: detailWith("x")}
	unreached := store.Finding{Bucket: store.Unchecked, Problem: "NOT_REACHED", Why: "x", Cause: "UNKNOWN"}
	f.record(noon, pair, differs(id, "Theirs"), alone, unreached)
	f.record(noon, pairOf(t, 2), alone)
	living := f.living(pair)
	require.Len(t, living, 3)
	for _, d := range living {
		require.Equal(t, store.StateOpen, d.State)
		require.Equal(t, 1, d.Version)
		require.True(t, noon.Equal(d.FirstSeen))
		require.Equal(t, pair, d.Pair)
	}
	found := f.of(pair, id)
	require.Equal(t, differs(id, "Theirs").Fields, found.Fields)
	require.True(t, found.Ours.Equal(*detailWith("Ours")))
	require.True(t, found.Theirs.Equal(*detailWith("Theirs")))

	f.record(noon.Add(time.Hour), pair, differs(id, "Theirs"))
	require.Len(t, f.living(pair), 1)
	again := f.of(pair, id)
	require.Equal(t, found.ID, again.ID)
	require.Equal(t, 1, again.Version, "it was only seen again")
	require.True(t, noon.Add(time.Hour).Equal(again.LastSeen))
	require.True(t, noon.Equal(again.FirstSeen))

	f.record(noon.Add(2*time.Hour), pair)
	healed, err := f.Difference(t.Context(), found.ID)
	require.NoError(t, err)
	require.Equal(t, store.StateHealed, healed.State)
	f.record(noon.Add(3*time.Hour), pair, differs(id, "Theirs"))
	require.NotEqual(t, found.ID, f.of(pair, id).ID, "seen again later is another one")
	require.Len(t, f.living(pairOf(t, 2)), 1)
}

// of is the living difference of a record.
func (f fixture) of(pair domain.Pair, id uuid.UUID) store.Difference {
	f.t.Helper()
	for _, d := range f.living(pair) {
		if d.NonAssociationID == id {
			return d
		}
	}
	require.Fail(f.t, "no living difference")
	return store.Difference{}
}

func TestRecord_ofOtherValuesIsAnotherVersion(t *testing.T) {
	f, pair, id := newFixture(t), pairOf(t, 1), uuid.New()
	f.record(noon, pair, differs(id, "Theirs"))
	refused := differs(id, "Theirs")
	refused.Problem, refused.Words, refused.NotBefore = "REFUSED", "Comment is too long", noon.Add(time.Minute)
	f.record(noon, pair, refused)
	d := f.of(pair, id)
	require.Equal(t, 2, d.Version)
	require.Equal(t, "REFUSED", d.Problem)
	require.Equal(t, "Comment is too long", d.Words)
	require.True(t, noon.Add(time.Minute).Equal(d.NotBefore))
	f.record(noon, pair, refused)
	require.Equal(t, 2, f.of(pair, id).Version)
}

func TestAccepted_opensAgainWhenASideChangesOrItsLastDayHasPassed(t *testing.T) {
	f, pair, id := newFixture(t), pairOf(t, 1), uuid.New()
	f.record(noon, pair, differs(id, "Theirs"))
	d := f.of(pair, id)
	_, err := f.Accept(t.Context(), d.ID, d.Version+1, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.ErrorIs(t, err, store.ErrStale)
	_, err = f.Accept(t.Context(), uuid.New(), 1, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.ErrorIs(t, err, store.ErrNoDifference)
	accepted, err := f.Accept(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Known", Until: today})
	require.NoError(t, err)
	require.Equal(t, store.StateAccepted, accepted.State)
	require.Equal(t, "OPERATOR", accepted.DecidedBy)
	require.Equal(t, today, accepted.Until)
	_, err = f.Accept(t.Context(), d.ID, accepted.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.ErrorIs(t, err, store.ErrStale, "it is no longer open")

	why := differs(id, "Theirs")
	why.Why = "In other words."
	f.record(noon.Add(time.Hour), pair, why)
	require.Equal(t, store.StateAccepted, f.of(pair, id).State, "both sides are what they were")
	require.NoError(t, f.Record(t.Context(), pair, noon, "2026-07-16", uuid.Nil, why))
	opened := f.of(pair, id)
	require.Equal(t, store.StateOpen, opened.State)
	require.Empty(t, opened.DecidedBy)

	_, err = f.Accept(t.Context(), opened.ID, opened.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.NoError(t, err)
	f.record(noon.Add(2*time.Hour), pair, differs(id, "Changed"))
	require.Equal(t, store.StateOpen, f.of(pair, id).State)
	require.True(t, noon.Add(2*time.Hour).Equal(f.of(pair, id).FirstSeen))

	opened = f.of(pair, id)
	_, err = f.Accept(t.Context(), opened.ID, opened.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.NoError(t, err)
	f.record(noon, pair)
	require.Empty(t, f.living(pair))
	gone, err := f.Difference(t.Context(), opened.ID)
	require.NoError(t, err)
	require.Equal(t, store.StateHealed, gone.State)
	require.Equal(t, "Known", gone.Reason)
}

func TestRepaired_isGoneByAPersonsRepair(t *testing.T) {
	f, pair, id := newFixture(t), pairOf(t, 1), uuid.New()
	f.record(noon, pair, differs(id, "Theirs"))
	d := f.of(pair, id)
	_, err := f.Repairing(t.Context(), d.ID, 7, store.Decision{By: "OPERATOR", Reason: "Ours is right"})
	require.ErrorIs(t, err, store.ErrStale)
	d, err = f.Repairing(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Ours is right"})
	require.NoError(t, err)
	require.Equal(t, store.StateOpen, d.State)
	require.NoError(t, f.Record(t.Context(), pair, noon, today, d.ID))
	d, err = f.Difference(t.Context(), d.ID)
	require.NoError(t, err)
	require.Equal(t, store.StateRepaired, d.State)
	require.Equal(t, "OPERATOR", d.DecidedBy)
}

func TestDifferences_areFilteredAndPaged(t *testing.T) {
	f := newFixture(t)
	for n := range 5 {
		found := differs(uuid.New(), "Theirs")
		if n%2 == 0 {
			found.Bucket, found.Problem, found.Cause = store.OnlyHere, "ONLY_HERE", "LOST_MESSAGE"
		}
		f.record(noon.Add(time.Duration(n)*time.Minute), pairOf(t, n), found)
	}
	f.record(noon, pairOf(t, 0))
	for name, c := range map[string]struct {
		filter store.Filter
		want   int
	}{
		"all":     {store.Filter{}, 5},
		"state":   {store.Filter{State: store.StateHealed}, 1},
		"bucket":  {store.Filter{Bucket: store.Differs}, 2},
		"problem": {store.Filter{Problem: "ONLY_HERE", State: store.StateOpen}, 2},
		"cause":   {store.Filter{Cause: "LOST_MESSAGE"}, 3},
		"pair":    {store.Filter{Pair: pairOf(t, 3)}, 1},
	} {
		page, total, err := f.Differences(t.Context(), c.filter, 0, 10)
		require.NoError(t, err)
		require.Equal(t, c.want, total, name)
		require.Len(t, page, c.want, name)
	}
	page, total, err := f.Differences(t.Context(), store.Filter{}, 3, 2)
	require.NoError(t, err)
	require.Equal(t, 5, total)
	require.Equal(t, []string{"3", "4"}, []string{minute(page[0]), minute(page[1])}, "the oldest first")
	counts, err := f.OpenByBucket(t.Context())
	require.NoError(t, err)
	require.Equal(t, []store.BucketCount{{Bucket: store.Differs, Count: 2}, {Bucket: store.OnlyHere, Count: 2}}, counts)
}

func minute(d store.Difference) string { return strconv.Itoa(d.FirstSeen.Minute()) }
