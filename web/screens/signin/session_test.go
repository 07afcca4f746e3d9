package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/issuer"
	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

func TestSession_endsWithoutARequest(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	for range 3 {
		f.Move(idle - time.Second)
		require.WithinDuration(t, f.Now().Add(idle), b.is("OFFICER_A").EndsAt, 0)
	}
	// A page that refreshes itself is no request in this sense.
	for range 6 {
		f.Move(10 * time.Minute)
		s, err := f.Session(t.Context(), b.request(http.MethodGet, "/?refresh=5"), true)
		if f.Now().Before(noon.Add(4*idle - 3*time.Second)) {
			require.NoError(t, err)
			require.WithinDuration(t, noon.Add(4*idle-3*time.Second), s.EndsAt, 0)
		} else {
			require.ErrorIs(t, err, signin.ErrNoSession)
		}
	}
	b.isNobody()
}

func TestSession_endsAfterItsLifetime(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	for range 23 {
		f.Move(30 * time.Minute)
		b.is("OFFICER_A")
	}
	f.Move(30*time.Minute - time.Second)
	require.WithinDuration(t, noon.Add(lifetime), b.is("OFFICER_A").EndsAt, 0)
	f.Move(time.Second)
	b.isNobody()
}

// TestRow_ofAnEndedSession stays for one more lifetime, with the user name and without
// tokens; also that of a session which nobody asked for any more.
func TestRow_ofAnEndedSession(t *testing.T) {
	f := newFixture(t)
	asked, forgotten := f.browser(), f.browser()
	asked.signIn("OFFICER_A")
	forgotten.signIn("OFFICER_B")
	require.NoError(t, f.Prune(t.Context()))
	require.Equal(t, 2, f.count(`SELECT count(*) FROM screens.session WHERE tokens IS NOT NULL`))
	f.Move(idle)
	asked.isNobody()
	require.NoError(t, f.Prune(t.Context()))
	require.Equal(t, 2, f.count(`SELECT count(*) FROM screens.session WHERE tokens IS NULL AND user_name LIKE 'OFFICER%'`))
	for b, user := range map[*browser]string{asked: "OFFICER_A", forgotten: "OFFICER_B"} {
		got, err := f.EndedUser(t.Context(), b.request(http.MethodPost, "/"))
		require.NoError(t, err)
		require.Equal(t, user, got)
	}
	f.Move(lifetime - time.Second)
	require.NoError(t, f.Prune(t.Context()))
	require.Equal(t, 2, f.count(`SELECT count(*) FROM screens.session`))
	f.Move(time.Second)
	got, err := f.EndedUser(t.Context(), asked.request(http.MethodPost, "/"))
	require.NoError(t, err)
	require.Empty(t, got)
	require.NoError(t, f.Prune(t.Context()))
	require.Zero(t, f.count(`SELECT count(*) FROM screens.session`))
}

func TestCookie_thatNamesNoSession(t *testing.T) {
	f := newFixture(t)
	owner := f.browser()
	owner.signIn("OFFICER_A")
	good := owner.cookies[sessionCookie]
	for _, hostile := range []string{
		"", "x", good[1:], good + "A", good + "=", strings.ToLower(good), strings.Repeat("A", 43), strings.Repeat("A", 9000), "' OR 1=1 --", "%00",
	} {
		b := f.browser()
		b.cookies[sessionCookie] = hostile
		b.isNobody()
		user, err := f.EndedUser(t.Context(), b.request(http.MethodPost, "/"))
		require.NoError(t, err)
		require.Empty(t, user)
		to, err := f.SignOut(t.Context(), b.request(http.MethodGet, "/sign-out"))
		require.NoError(t, err)
		require.NotEmpty(t, to.Location)
	}
	owner.is("OFFICER_A")
}

func FuzzCookie(f *testing.F) {
	f.Add("", "")
	f.Add(strings.Repeat("A", 43), "x")
	f.Fuzz(func(t *testing.T, cookie, returnTo string) { signin.TryCookies(t, cookie, returnTo) })
}

// TestSignInAgain changes the id, and ends the session that the browser had.
func TestSignInAgain(t *testing.T) {
	f := newFixture(t)
	b, stolen := f.browser(), f.browser()
	b.signIn("OFFICER_A")
	stolen.cookies[sessionCookie] = b.cookies[sessionCookie]
	b.signIn("OFFICER_B")
	require.NotEqual(t, stolen.cookies, b.cookies)
	b.is("OFFICER_B")
	stolen.isNobody()
}

func TestSignOut(t *testing.T) {
	f := newFixture(t)
	f.issuer.GiveIDTokens(true)
	b := f.browser()
	b.signIn("OFFICER_A")
	out := func(s *signin.SignIn) string {
		to, err := s.SignOut(t.Context(), b.request(http.MethodGet, "/sign-out"))
		require.NoError(t, err)
		require.Empty(t, to.Cookies, "the cookie stays until the next sign-in")
		return to.Location
	}
	to := out(f.SignIn)
	require.True(t, strings.HasPrefix(to, f.issuer.SignOutURL()+"?"))
	require.Contains(t, to, "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A9080%2Fsigned-out")
	require.Contains(t, to, "id_token_hint=ey")
	b.isNobody()
	require.Zero(t, f.count(`SELECT count(*) FROM screens.session WHERE tokens IS NOT NULL`))
	require.NotContains(t, out(f.SignIn), "id_token_hint", "nobody is signed in")

	own := f.process(func(o *signin.Options) {
		o.AuthorizeURL, o.TokenURL, o.SignOutURL = f.issuer.AuthorizeURL(), f.issuer.TokenURL(), "https://issuer.test/auth/sign-out?a=b"
	})
	require.Equal(t, "https://issuer.test/auth/sign-out?a=b&client_id="+issuer.ClientID+
		"&redirect_uri=http%3A%2F%2F127.0.0.1%3A9080%2Fsigned-out", out(own))
	none := f.process(func(o *signin.Options) { o.AuthorizeURL, o.TokenURL = f.issuer.AuthorizeURL(), f.issuer.TokenURL() })
	require.Equal(t, "/signed-out", out(none))
}

// TestTables_holdNoSecret in the clear.
func TestTables_holdNoSecret(t *testing.T) {
	f := newFixture(t)
	f.issuer.GiveIDTokens(true)
	b := f.browser()
	b.begin()
	b.signIn("OFFICER_A")
	s := b.is("OFFICER_A")
	row, err := f.store.Session(t.Context(), store.IDOf(b.cookies[sessionCookie]))
	require.NoError(t, err)
	require.NotEmpty(t, row.Tokens.Refresh)
	require.NotEmpty(t, row.Tokens.ID)
	dump := f.dump()
	for _, secret := range []string{s.AccessToken, row.Tokens.Refresh, row.Tokens.ID} {
		require.NotContains(t, dump, secret)
		require.NotContains(t, dump, hexOf(secret[:32]))
	}
	require.Contains(t, dump, "OFFICER_A", "it is not empty")
}

// TestKey_thatChanges signs everybody out, and forgets nobody's name.
func TestKey_thatChanges(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.signIn("OFFICER_A")
	var err error
	f.key, err = store.NewKey(make([]byte, store.KeySize))
	require.NoError(t, err)
	f.SignIn = f.process()
	b.isNobody()
	user, err := f.EndedUser(t.Context(), b.request(http.MethodPost, "/"))
	require.NoError(t, err)
	require.Equal(t, "OFFICER_A", user)
}

func TestTokens_ofAnotherUserEndTheSession(t *testing.T) {
	for name, alter := range map[string]issuer.Alter{
		"another user":     {Access: func(c jwt.MapClaims) { c["user_name"] = "OFFICER_B" }},
		"another subject":  {Access: func(c jwt.MapClaims) { c["sub"] = "OFFICER_B" }},
		"another audience": {Access: func(c jwt.MapClaims) { c["aud"] = "others" }},
		"ID of another":    {ID: func(c jwt.MapClaims) { c["sub"] = "OFFICER_B" }},
	} {
		f := newFixture(t)
		f.issuer.GiveIDTokens(true)
		b := f.browser()
		b.signIn("OFFICER_A")
		f.issuer.SetAlter(alter)
		f.Move(61 * time.Second)
		_, err := b.session()
		require.ErrorIs(t, err, signin.ErrNoSession, name)
	}
}
