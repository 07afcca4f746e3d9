package signin_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/issuer"
	"nonassociations/web/screens/signin"
)

// TestRole_takenAwayIsGoneWithin61Seconds, and the id changes with it.
func TestRole_takenAwayIsGoneWithin61Seconds(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	require.NoError(t, f.issuer.SetRoles("OFFICER_A", "PRISON"))
	f.Move(60 * time.Second)
	require.Contains(t, b.is("OFFICER_A").Roles, "NON_ASSOCIATIONS", "no request of the issuer is due yet")
	before := b.cookies[sessionCookie]
	f.Move(time.Second)
	require.Equal(t, []string{"PRISON"}, b.is("OFFICER_A").Roles)
	require.NotEqual(t, before, b.cookies[sessionCookie])
	require.Equal(t, []string{"PRISON"}, b.is("OFFICER_A").Roles)

	f.Move(61 * time.Second)
	after := b.cookies[sessionCookie]
	s := b.is("OFFICER_A")
	require.Nil(t, s.Cookie)
	require.Equal(t, after, b.cookies[sessionCookie], "nothing has changed, so the id stays")
	require.WithinDuration(t, noon.Add(lifetime), s.LifetimeEndsAt, 0, "a change of the id makes no session last longer")
}

// TestOldCookie leads to the session for a moment: requests with it may be on their way,
// and the answer with the new one may have been lost.
func TestOldCookie(t *testing.T) {
	f := newFixture(t)
	b, tab := f.browser(), f.browser()
	b.signIn("OFFICER_A")
	tab.cookies[sessionCookie] = b.cookies[sessionCookie]
	require.NoError(t, f.issuer.SetRoles("OFFICER_A", "PRISON"))
	f.Move(61 * time.Second)
	b.is("OFFICER_A")
	f.Move(59 * time.Second)
	late := f.browser()
	late.cookies[sessionCookie] = tab.cookies[sessionCookie]
	require.Equal(t, []string{"PRISON"}, tab.is("OFFICER_A").Roles)
	require.Equal(t, b.cookies[sessionCookie], tab.cookies[sessionCookie])
	f.Move(time.Second)
	late.isNobody()
	user, err := f.EndedUser(t.Context(), late.request(http.MethodPost, "/"))
	require.NoError(t, err)
	require.Equal(t, "OFFICER_A", user)
	_, err = f.SignOut(t.Context(), late.request(http.MethodGet, "/sign-out"))
	require.NoError(t, err)
	b.isNobody()
}

// TestReplicasAndTabs_renewOnce: the issuer takes a refresh token once, so that a second
// renewal would end the session.
func TestReplicasAndTabs_renewOnce(t *testing.T) {
	for name, roles := range map[string][]string{"the same roles": {"PRISON", "NON_ASSOCIATIONS"}, "other roles": {"PRISON"}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			b := f.browser()
			b.signIn("OFFICER_A")
			require.NoError(t, f.issuer.SetRoles("OFFICER_A", roles...))
			processes := []*signin.SignIn{f.SignIn, f.process(), f.process()}
			asked := f.issuer.Asked()
			f.Move(61 * time.Second)
			var group sync.WaitGroup
			for i := range 12 {
				r := b.request(http.MethodGet, "/")
				group.Go(func() {
					s, err := processes[i%len(processes)].Session(context.WithoutCancel(t.Context()), r, false)
					if err != nil || len(s.Roles) != len(roles) {
						t.Errorf("%v: %v", s.Roles, err)
					}
				})
			}
			group.Wait()
			require.Equal(t, asked+1, f.issuer.Asked())
		})
	}
}

// TestBrowser_thatGoesAwayLosesNoToken: the issuer has taken the refresh token by then.
func TestBrowser_thatGoesAwayLosesNoToken(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	ctx, gone := context.WithCancel(t.Context())
	f.issuer.SetAlter(issuer.Alter{Access: func(jwt.MapClaims) { gone() }})
	f.Move(61 * time.Second)
	_, _ = f.Session(ctx, b.request(http.MethodGet, "/"), false)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	f.Move(61 * time.Second)
	b.is("OFFICER_A")
}

func TestInvalidGrant_endsTheSession(t *testing.T) {
	f := newFixture(t)
	b, other := f.browser(), f.browser()
	b.signIn("OFFICER_A")
	other.signIn("OFFICER_B")
	f.issuer.Revoke("OFFICER_A")
	b.is("OFFICER_A")
	f.Move(61 * time.Second)
	b.isNobody()
	other.is("OFFICER_B")
	f.Move(time.Second)
	b.signIn("OFFICER_A")
	b.is("OFFICER_A")
}

// TestIssuerAway_theLastRolesHold until the access token expires.
func TestIssuerAway_theLastRolesHold(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	f.issuer.SetAway(true)
	f.Move(10*time.Minute - time.Second)
	require.Len(t, b.is("OFFICER_A").Roles, 2)
	f.Move(time.Second)
	_, err := b.session()
	require.ErrorIs(t, err, signin.ErrIssuerAway)
	restarted := f.process()
	_, err = restarted.Session(t.Context(), b.request(http.MethodGet, "/"), false)
	require.ErrorIs(t, err, signin.ErrIssuerAway)
	f.issuer.SetAway(false)
	f.Move(time.Second)
	require.Len(t, b.is("OFFICER_A").Roles, 2)
}

// TestKeysAway_keepTheRefreshToken: the issuer renews, and cannot be checked; the old
// refresh token counts no longer.
func TestKeysAway_keepTheRefreshToken(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	restarted := f.process(func(o *signin.Options) { o.Verifier = noKeys{} })
	f.Move(61 * time.Second)
	s, err := restarted.Session(t.Context(), b.request(http.MethodGet, "/"), false)
	require.NoError(t, err)
	require.Len(t, s.Roles, 2)
	require.NoError(t, f.issuer.SetRoles("OFFICER_A", "PRISON"))
	require.Equal(t, []string{"PRISON"}, b.is("OFFICER_A").Roles)
}

// TestNoRefreshToken: the session ends with its access token.
func TestNoRefreshToken(t *testing.T) {
	f := newFixture(t)
	f.issuer.GiveRefreshTokens(false)
	b := f.browser()
	b.signIn("OFFICER_A")
	f.Move(10*time.Minute - time.Second)
	s := b.is("OFFICER_A")
	require.WithinDuration(t, noon.Add(10*time.Minute), s.EndsAt, 0)
	require.WithinDuration(t, noon.Add(10*time.Minute), s.LifetimeEndsAt, 0)
	f.Move(time.Second)
	b.isNobody()
}
