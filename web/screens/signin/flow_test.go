package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/issuer"
	"nonassociations/web/screens/signin"
)

func TestSignIn_byDiscoveryAndByAddresses(t *testing.T) {
	f := newFixture(t)
	overridden := f.process(func(o *signin.Options) {
		o.AuthorizeURL, o.TokenURL, o.SignOutURL = f.issuer.AuthorizeURL(), f.issuer.TokenURL(), f.issuer.SignOutURL()
	})
	secret := f.process(func(o *signin.Options) { o.ClientSecret = "s3cr&t" })
	for _, process := range []*signin.SignIn{f.SignIn, overridden, secret} {
		f.SignIn = process
		b := f.browser()
		b.isNobody()
		require.Equal(t, "/", b.signIn("OFFICER_A"))
		s := b.is("OFFICER_A")
		require.Equal(t, []string{"NON_ASSOCIATIONS", "PRISON"}, s.Roles)
		require.True(t, s.HasRole("PRISON"))
		require.True(t, s.Claims().HasAnyRole([]string{"PRISON"}))
		require.NotEmpty(t, s.AccessToken)
		require.WithinDuration(t, f.Now().Add(idle), s.EndsAt, 0)
		require.WithinDuration(t, f.Now().Add(lifetime), s.LifetimeEndsAt, 0)
		require.Nil(t, s.Cookie)
	}
}

func TestBegin_hasPKCEStateAndNonceAndNoScope(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	one, err := url.Parse(b.begin())
	require.NoError(t, err)
	two, err := url.Parse(b.begin())
	require.NoError(t, err)
	q := one.Query()
	require.Equal(t, "S256", q.Get("code_challenge_method"))
	require.Equal(t, issuer.ClientID, q.Get("client_id"))
	require.Equal(t, "http://127.0.0.1:9080/sign-in/callback", q.Get("redirect_uri"))
	require.False(t, q.Has("scope"))
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		require.Len(t, q.Get(name), 43, name)
		require.NotEqual(t, q.Get(name), two.Query().Get(name), name)
	}
}

// TestCallback_thatIsNotOurs fails as ErrFailed, and leaves no session.
func TestCallback_thatIsNotOurs(t *testing.T) {
	f := newFixture(t)
	for name, hostile := range map[string]func(b *browser, path string) string{
		"another state":      func(_ *browser, p string) string { return swap(p, "state", strings.Repeat("A", 43)) },
		"no state":           func(_ *browser, p string) string { return swap(p, "state", "") },
		"two states":         func(_ *browser, p string) string { return p + "&state=" + valueOf(p, "state") },
		"a state of nothing": func(_ *browser, p string) string { return swap(p, "state", "\x00';--") },
		"another code":       func(_ *browser, p string) string { return swap(p, "code", "nonsense") },
		"no code":            func(_ *browser, p string) string { return swap(p, "code", "") },
		"two codes":          func(_ *browser, p string) string { return p + "&code=" + valueOf(p, "code") },
		"an error":           func(_ *browser, p string) string { return p + "&error=access_denied" },
		"another issuer":     func(_ *browser, p string) string { return p + "&iss=https%3A%2F%2Felsewhere.test" },
		"another browser":    func(b *browser, p string) string { clear(b.cookies); b.begin(); return p },
		"no browser":         func(b *browser, p string) string { clear(b.cookies); return p },
		"a code too late":    func(_ *browser, p string) string { f.Move(time.Minute); return p },
	} {
		b := f.browser()
		_, err := b.callback(hostile(b, b.choose(b.begin(), "OFFICER_A")))
		require.ErrorIs(t, err, signin.ErrFailed, name)
		require.NotContains(t, b.cookies, sessionCookie, name)
		b.isNobody()
	}
	require.Zero(t, f.count(`SELECT count(*) FROM screens.session`))
}

// TestSignIn_thatTakesTooLong at the issuer.
func TestSignIn_thatTakesTooLong(t *testing.T) {
	f := newFixture(t)
	for _, late := range []bool{false, true} {
		b := f.browser()
		location := b.begin()
		f.Move(15*time.Minute - time.Second)
		if late {
			f.Move(time.Second)
		}
		_, err := b.callback(b.choose(location, "OFFICER_A"))
		require.Equal(t, late, errors.Is(err, signin.ErrFailed))
	}
	f.browser().begin()
	f.Move(15 * time.Minute)
	require.NoError(t, f.Prune(t.Context()))
	require.Zero(t, f.count(`SELECT count(*) FROM screens.sign_in_attempt`))
}

func TestCallback_countsOnce(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	path := b.choose(b.begin(), "OFFICER_A")
	_, err := b.callback(path)
	require.NoError(t, err)
	_, err = b.callback(path)
	require.ErrorIs(t, err, signin.ErrFailed)
	b.is("OFFICER_A")
	require.Zero(t, f.count(`SELECT count(*) FROM screens.sign_in_attempt`))
}

func TestTwoTabs_signInAtOnce(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	one, two := b.begin(), b.begin()
	for _, location := range []string{two, one} {
		_, err := b.callback(b.choose(location, "OFFICER_A"))
		require.NoError(t, err)
	}
}

// TestTokens_thatAreRefused: each is a sign-in that failed.
func TestTokens_thatAreRefused(t *testing.T) {
	f := newFixture(t)
	f.issuer.GiveIDTokens(true)
	for name, alter := range map[string]issuer.Alter{
		"another audience":      {Access: func(c jwt.MapClaims) { c["aud"] = "others" }},
		"another issuer":        {Access: func(c jwt.MapClaims) { c["iss"] = "https://elsewhere.test" }},
		"expired":               {Access: func(c jwt.MapClaims) { c["exp"] = f.Now().Add(-time.Minute).Unix() }},
		"no user":               {Access: func(c jwt.MapClaims) { c["user_name"] = strings.Repeat("x", 61) }},
		"ID of another subject": {ID: func(c jwt.MapClaims) { c["sub"] = "OFFICER_B" }},
		"ID of no subject":      {ID: func(c jwt.MapClaims) { delete(c, "sub") }},
		"ID of another client":  {ID: func(c jwt.MapClaims) { c["aud"] = "others" }},
		"ID of another issuer":  {ID: func(c jwt.MapClaims) { c["iss"] = "https://elsewhere.test" }},
		"ID with another nonce": {ID: func(c jwt.MapClaims) { c["nonce"] = "another" }},
		"ID without nonce":      {ID: func(c jwt.MapClaims) { delete(c, "nonce") }},
		"ID that expired":       {ID: func(c jwt.MapClaims) { c["exp"] = f.Now().Add(-time.Minute).Unix() }},
		"ID of another token":   {ID: func(c jwt.MapClaims) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }},
	} {
		f.issuer.SetAlter(alter)
		b := f.browser()
		_, err := b.callback(b.choose(b.begin(), "OFFICER_A"))
		require.ErrorIs(t, err, signin.ErrFailed, name)
		b.isNobody()
	}
	f.issuer.SetAlter(issuer.Alter{})
	b := f.browser()
	b.signIn("OFFICER_A")
	b.is("OFFICER_A")
}

func TestIssuerAway_atEachStepOfASignIn(t *testing.T) {
	f := newFixture(t)
	f.issuer.SetAway(true)
	_, err := f.Begin(t.Context(), f.browser().request(http.MethodGet, "/sign-in"))
	require.ErrorIs(t, err, signin.ErrIssuerAway)
	f.issuer.SetAway(false)
	f.Move(time.Second)
	b := f.browser()
	path := b.choose(b.begin(), "OFFICER_A")
	f.issuer.SetAway(true)
	_, err = b.callback(path)
	require.ErrorIs(t, err, signin.ErrIssuerAway)
	b.isNobody()
	later := b.choose(f.backAgain(b.begin), "OFFICER_A")
	f.issuer.SetAway(true)
	_, err = b.callback(later)
	require.ErrorIs(t, err, signin.ErrIssuerAway, "it was away a moment ago, and is not asked")
	f.issuer.SetAway(false)
	f.Move(time.Second)
	_, err = b.callback(later)
	require.NoError(t, err, "so the same answer still counts")
}

func TestPageToReturnTo(t *testing.T) {
	f := newFixture(t)
	for path, want := range map[string]string{
		"/prisoner/A1234BC/non-associations?reason=THREAT": "/prisoner/A1234BC/non-associations?reason=THREAT",
		"//elsewhere.test/":                "/",
		"/\\elsewhere.test":                "/%5Celsewhere.test",
		"/%5Celsewhere.test":               "/%5Celsewhere.test",
		"/sign-out":                        "/",
		"/sign-in/callback?code=x":         "/",
		"/" + strings.Repeat("a", 2001):    "/",
		"/?q=%0d%0aSet-Cookie:x":           "/?q=%0d%0aSet-Cookie:x",
		"/prison/XAA?returnTo=//elsewhere": "/prison/XAA?returnTo=//elsewhere",
	} {
		b := f.browser()
		to := f.ToSignIn(b.request(http.MethodGet, path))
		require.Equal(t, "/sign-in", to.Location)
		b.take(to.Cookies...)
		require.Equal(t, want, b.signIn("OFFICER_A"), path)
	}
	b := f.browser()
	b.take(f.ToSignIn(b.request(http.MethodGet, "/help")).Cookies...)
	icon := b.request(http.MethodGet, "/favicon.ico")
	icon.Header.Set("Sec-Fetch-Mode", "no-cors")
	b.take(f.ToSignIn(icon).Cookies...)
	require.Equal(t, "/help", b.signIn("OFFICER_A"))
	require.Equal(t, "/", b.signIn("OFFICER_A"), "it counts once")
	for _, forged := range []string{"/evil", base64.RawURLEncoding.EncodeToString([]byte("//evil")), "", "\x00", strings.Repeat("A", 9000)} {
		b.cookies[sessionCookie+"-return"] = forged
		require.Equal(t, "/", b.signIn("OFFICER_A"))
	}
}

func TestCookies_haveTheirFlags(t *testing.T) {
	f := newFixture(t)
	for public, name := range map[string]string{
		"https://non-associations.test": "__Host-nonassociations", "http://127.0.0.1:9080/": "nonassociations-9080", "http://localhost": "nonassociations-80",
	} {
		f.SignIn = f.process(func(o *signin.Options) { o.PublicURL = public })
		b := f.browser()
		to, err := f.Begin(t.Context(), b.request(http.MethodGet, "/sign-in"))
		require.NoError(t, err)
		b.take(to.Cookies...)
		query, err := url.Parse(to.Location)
		require.NoError(t, err)
		require.Equal(t, strings.TrimRight(public, "/")+"/sign-in/callback", query.Query().Get("redirect_uri"))
		for _, c := range append(to.Cookies, f.ToSignIn(b.request(http.MethodGet, "/help")).Cookies...) {
			requireGuarded(t, c, name, strings.HasPrefix(public, "https"))
		}
		if strings.HasPrefix(public, "https") {
			continue // the development issuer leads to this machine only
		}
		form := query.Query()
		form.Set("user", "OFFICER_A")
		answer, err := f.client.PostForm(f.issuer.AuthorizeURL(), form)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		back, err := answer.Location()
		require.NoError(t, err)
		to, err = f.Callback(t.Context(), b.request(http.MethodGet, back.RequestURI()))
		require.NoError(t, err)
		require.Len(t, to.Cookies, 1)
		require.Equal(t, name, to.Cookies[0].Name)
		require.Zero(t, to.Cookies[0].MaxAge)
		requireGuarded(t, to.Cookies[0], name, false)
		bits, err := base64.RawURLEncoding.DecodeString(to.Cookies[0].Value)
		require.NoError(t, err)
		require.Len(t, bits, 32)
		hash := sha256.Sum256([]byte(to.Cookies[0].Value))
		require.Equal(t, 1, f.count(`SELECT count(*) FROM screens.session WHERE id = $1`, hash[:]))
		require.NotContains(t, f.dump(), to.Cookies[0].Value)
	}
}

func requireGuarded(t *testing.T, c *http.Cookie, prefix string, secure bool) {
	t.Helper()
	require.True(t, strings.HasPrefix(c.Name, prefix), c.Name)
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, c.SameSite)
	require.Equal(t, secure, c.Secure)
	require.Equal(t, "/", c.Path)
	require.Empty(t, c.Domain)
}

// backAgain lets the issuer answer again for a step.
func (f *fixture) backAgain(step func() string) string {
	f.issuer.SetAway(false)
	return step()
}
