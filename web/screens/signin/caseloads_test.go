package signin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/userroles"
	"nonassociations/web/screens/signin"
)

func TestCaseloads_ofTheClaim(t *testing.T) {
	f := newFixture(t)
	for user, want := range map[string][]domain.PrisonID{"OFFICER_B": {"XAB"}, "GLOBAL": {"XAA", "XAB"}, "OPERATOR": {}, "NOBODY": {}} {
		b := f.browser()
		b.signIn(user)
		s := b.is(user)
		require.True(t, s.Caseloads.Known)
		require.Equal(t, want, s.Caseloads.IDs())
		require.Equal(t, want, s.Claims().Caseloads)
		require.NotNil(t, s.Claims().Caseloads, "the claim is there, also when it lists none")
		if len(want) > 0 {
			require.Equal(t, want[0], s.Caseloads.Active)
		}
	}
	require.NoError(t, f.issuer.SetCaseloads("GLOBAL", "XAB", "CADM_I", "OUT", "XAB"))
	b := f.browser()
	b.signIn("GLOBAL")
	require.Equal(t, []domain.PrisonID{"XAB"}, b.is("GLOBAL").Caseloads.IDs())
}

func TestCaseloads_withoutClaimAndService(t *testing.T) {
	f := newFixture(t)
	f.issuer.WithoutClaim(true)
	b := f.browser()
	b.signIn("OFFICER_A")
	s := b.is("OFFICER_A")
	require.True(t, s.Caseloads.Known)
	require.Empty(t, s.Caseloads.All)
	require.Empty(t, s.Caseloads.Active)
	require.Nil(t, s.Claims().Caseloads)
}

func TestActiveCaseload_isTheChosenOne(t *testing.T) {
	f := newFixture(t)
	b, other := f.browser(), f.browser()
	b.signIn("GLOBAL")
	other.signIn("GLOBAL")
	s := b.is("GLOBAL")
	require.Equal(t, domain.PrisonID("XAA"), s.Caseloads.Active)
	require.ErrorIs(t, f.SetCaseload(t.Context(), s, "XAC"), signin.ErrNotACaseload)
	require.NoError(t, f.SetCaseload(t.Context(), s, "XAB"))
	require.Equal(t, domain.PrisonID("XAB"), b.is("GLOBAL").Caseloads.Active)
	require.Equal(t, domain.PrisonID("XAA"), other.is("GLOBAL").Caseloads.Active, "of this session alone")

	require.NoError(t, f.issuer.SetRoles("GLOBAL", "PRISON"))
	f.Move(61 * time.Second)
	require.Equal(t, domain.PrisonID("XAB"), b.is("GLOBAL").Caseloads.Active, "the id changes, and the choice stays")
	require.NoError(t, f.issuer.SetCaseloads("GLOBAL", "XAA"))
	f.Move(61 * time.Second)
	require.Equal(t, domain.PrisonID("XAA"), b.is("GLOBAL").Caseloads.Active, "it is no caseload any more")

	s = b.is("GLOBAL")
	_, err := f.SignOut(t.Context(), b.request(http.MethodGet, "/sign-out"))
	require.NoError(t, err)
	require.ErrorIs(t, f.SetCaseload(t.Context(), s, "XAA"), signin.ErrNoSession)
}

func TestCaseloads_ofTheService(t *testing.T) {
	var f *fixture
	roles, with := withUserRoles(t, &f)
	f = newFixture(t, with)
	f.issuer.WithoutClaim(true)
	b := f.browser()
	a, c := userroles.Caseload{ID: "XAA", Name: "Example A (HMP)"}, userroles.Caseload{ID: "XAC", Name: "Example C (HMP)"}
	roles.Set("OFFICER_A", userroles.Caseloads{Active: &c, All: []userroles.Caseload{a, {ID: "CADM_I", Name: "Central"}, c, a}})
	b.signIn("OFFICER_A")
	s := b.is("OFFICER_A")
	require.True(t, s.Caseloads.Known)
	require.Equal(t, []domain.PrisonID{"XAA", "XAC"}, s.Caseloads.IDs())
	require.Equal(t, domain.PrisonID("XAC"), s.Caseloads.Active)
	require.Equal(t, "Example A (HMP)", s.Caseloads.All[0].Name)
	require.Nil(t, s.Claims().Caseloads)

	roles.Set("OFFICER_A", userroles.Caseloads{All: []userroles.Caseload{a}})
	f.Move(59 * time.Second)
	require.Len(t, b.is("OFFICER_A").Caseloads.All, 2)
	require.Equal(t, 1, roles.Asked(), "the answer is 60 s fresh")
	f.Move(time.Second)
	require.Len(t, b.is("OFFICER_A").Caseloads.All, 1)
	require.Equal(t, domain.PrisonID("XAA"), b.is("OFFICER_A").Caseloads.Active)
	require.Equal(t, 2, roles.Asked())
	_, err := f.process(with).Session(t.Context(), b.request(http.MethodGet, "/"), false)
	require.NoError(t, err)
	require.Equal(t, 2, roles.Asked(), "replicas share it")
}

// TestUserRolesAway: the last caseloads hold for 15 minutes, whatever the fault is; then
// they are not known, and nobody is signed out.
func TestUserRolesAway(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusUnauthorized, http.StatusForbidden, http.StatusNoContent} {
		var f *fixture
		roles, with := withUserRoles(t, &f)
		f = newFixture(t, with)
		f.issuer.WithoutClaim(true)
		b, fresh := f.browser(), f.browser()
		b.signIn("OFFICER_A")
		b.is("OFFICER_A")
		roles.SetFault(status)
		f.Move(15 * time.Minute)
		s := b.is("OFFICER_A")
		require.True(t, s.Caseloads.Known)
		require.WithinDuration(t, noon, s.Caseloads.AsOf, 0)
		f.Move(time.Millisecond)
		s = b.is("OFFICER_A")
		require.False(t, s.Caseloads.Known, "%d", status)
		require.Equal(t, []domain.PrisonID{"XAA"}, s.Caseloads.IDs(), "for reading")
		fresh.signIn("OFFICER_B")
		asked := roles.Asked()
		s = fresh.is("OFFICER_B")
		require.Equal(t, asked, roles.Asked(), "it was away a moment ago, and nobody waits for it")
		require.False(t, s.Caseloads.Known)
		require.Empty(t, s.Caseloads.All)
		roles.SetFault(0)
		f.Move(5 * time.Second)
		require.True(t, b.is("OFFICER_A").Caseloads.Known)
		require.True(t, fresh.is("OFFICER_B").Caseloads.Known)
	}
}
