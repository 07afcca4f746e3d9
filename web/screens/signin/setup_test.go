package signin_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/dev/userroles"
	"nonassociations/web/auth"
	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	audience = "nonassociations"
	lifetime = 12 * time.Hour
	idle     = time.Hour
	keepForm = 15 * time.Minute
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

// fixture is an issuer, the tables, and one process with sessions.
type fixture struct {
	*signin.SignIn
	*doubles.Clock

	t       *testing.T
	dsn     string
	key     *store.Key
	issuer  *issuer.Server
	store   *store.Store
	options signin.Options
	client  *http.Client
}

func newFixture(t *testing.T, changes ...func(*signin.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, Clock: doubles.NewClock(noon), dsn: tables.New(t), client: &http.Client{
		Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(f.client.CloseIdleConnections)
	made, err := issuer.Open(t.TempDir(), audience)
	require.NoError(t, err)
	made.Name = "" // its address
	f.issuer, err = issuer.Start(t.Context(), made, issuer.Options{Clock: f.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.issuer.Stop()) })
	secret := make([]byte, store.KeySize)
	_, err = rand.Read(secret)
	require.NoError(t, err)
	f.key, err = store.NewKey(secret)
	require.NoError(t, err)
	f.SignIn = f.process(changes...)
	return f
}

// process is one more process over the same tables.
func (f *fixture) process(changes ...func(*signin.Options)) *signin.SignIn {
	f.t.Helper()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 4 * time.Second}
	f.t.Cleanup(client.CloseIdleConnections)
	verifier, err := auth.New(auth.Options{
		Issuer: f.issuer.Name, Audience: audience, JWKSURL: f.issuer.KeysURL(), Clock: f.Now, Client: client,
	})
	require.NoError(f.t, err)
	f.store, err = store.Open(f.t.Context(), f.dsn, f.key)
	require.NoError(f.t, err)
	f.t.Cleanup(f.store.Close)
	f.options = signin.Options{
		Store: f.store, Key: f.key, Verifier: verifier, Clock: f.Now, Issuer: f.issuer.Name, KeysURL: f.issuer.KeysURL(),
		ClientID: issuer.ClientID, PublicURL: "http://127.0.0.1:9080", Lifetime: lifetime, Idle: idle, KeepFormFor: keepForm, Client: client,
	}
	for _, change := range changes {
		change(&f.options)
	}
	s, err := signin.New(f.options)
	require.NoError(f.t, err)
	return s
}

// withUserRoles starts the stand-in for user roles; tokens then have no claim.
func withUserRoles(t *testing.T, f **fixture) (*userroles.Server, func(*signin.Options)) {
	t.Helper()
	roles, err := userroles.Start(t.Context(), func(ctx context.Context, token string) (string, error) {
		claims, err := (*f).options.Verifier.Verify(ctx, token)
		return claims.User, err
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, roles.Stop()) })
	return roles, func(o *signin.Options) { o.UserRolesURL = roles.URL() }
}

// browser keeps cookies as a browser does.
type browser struct {
	f       *fixture
	cookies map[string]string
}

func (f *fixture) browser() *browser { return &browser{f, map[string]string{}} }

// request is one of the browser for a path of the pages.
func (b *browser) request(method, path string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:9080/", http.NoBody)
	to, err := url.ParseRequestURI(path)
	require.NoError(b.f.t, err)
	r.URL = to
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) take(cookies ...*http.Cookie) {
	for _, c := range cookies {
		if c == nil {
			continue
		}
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
}

const sessionCookie = "nonassociations-9080"

// begin goes to the issuer.
func (b *browser) begin() string {
	b.f.t.Helper()
	to, err := b.f.Begin(b.f.t.Context(), b.request(http.MethodGet, signin.SignInPath))
	require.NoError(b.f.t, err)
	b.take(to.Cookies...)
	return to.Location
}

// choose chooses a user at the issuer, and returns the path of the callback.
func (b *browser) choose(location, user string) string {
	b.f.t.Helper()
	page, err := b.f.client.Get(location)
	require.NoError(b.f.t, err)
	body, err := io.ReadAll(page.Body)
	require.NoError(b.f.t, err)
	require.NoError(b.f.t, page.Body.Close())
	require.Equal(b.f.t, http.StatusOK, page.StatusCode, "%s", body)
	require.Contains(b.f.t, string(body), `<h1>Choose who you are</h1>`)
	require.True(b.f.t, bytes.Contains(body, []byte(">"+user+"</button>")))
	asked, err := url.Parse(location)
	require.NoError(b.f.t, err)
	form := asked.Query()
	form.Set("user", user)
	answer, err := b.f.client.PostForm(b.f.issuer.AuthorizeURL(), form)
	require.NoError(b.f.t, err)
	require.NoError(b.f.t, answer.Body.Close())
	require.Equal(b.f.t, http.StatusSeeOther, answer.StatusCode)
	back, found := strings.CutPrefix(answer.Header.Get("Location"), "http://127.0.0.1:9080")
	require.True(b.f.t, found)
	return back
}

// callback answers the issuer's redirect.
func (b *browser) callback(path string) (string, error) {
	b.f.t.Helper()
	to, err := b.f.Callback(b.f.t.Context(), b.request(http.MethodGet, path))
	b.take(to.Cookies...)
	return to.Location, err
}

// signIn signs a user in, and returns where that leads.
func (b *browser) signIn(user string) string {
	b.f.t.Helper()
	to, err := b.callback(b.choose(b.begin(), user))
	require.NoError(b.f.t, err)
	return to
}

// session is that of the browser.
func (b *browser) session() (signin.Session, error) {
	b.f.t.Helper()
	s, err := b.f.Session(b.f.t.Context(), b.request(http.MethodGet, "/"), false)
	b.take(s.Cookie)
	return s, err
}

// is holds that the browser has a session.
func (b *browser) is(user string) signin.Session {
	b.f.t.Helper()
	s, err := b.session()
	require.NoError(b.f.t, err)
	require.Equal(b.f.t, user, s.UserName)
	return s
}

// isNobody holds that the browser has none.
func (b *browser) isNobody() {
	b.f.t.Helper()
	_, err := b.session()
	require.ErrorIs(b.f.t, err, signin.ErrNoSession)
}

// noKeys is a verifier that cannot have the issuer's keys.
type noKeys struct{}

func (noKeys) Verify(context.Context, string) (auth.Claims, error) {
	return auth.Claims{}, &auth.UnverifiableError{}
}
