package directory_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/queries/directory"
)

// issuer gives token-1, token-2 … that are good for ten minutes.
type issuer struct {
	*httptest.Server

	given atomic.Int64
	down  atomic.Bool
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, basic := r.BasicAuth()
		if !basic || id != "me%2Fyou" || secret != "s%3Aecret" || r.PostFormValue("grant_type") != "client_credentials" || i.down.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"bearer","expires_in":600}`, i.given.Add(1))
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) credentials(o *directory.Options) {
	o.Credentials = &directory.Credentials{TokenURL: i.URL, ClientID: "me/you", ClientSecret: "s:ecret"}
}

func TestATokenIsSentWhereThereAreCredentialsAndFetchedOnce(t *testing.T) {
	tokens := newIssuer(t)
	r := newRig(t, tokens.credentials)
	r.search.Demand("token-1")
	require.Len(t, r.finds(r.numbers(2500)...), 2500)
	r.clock.pass(9 * time.Minute)
	r.finds(r.numbers(1)...)
	require.EqualValues(t, 1, tokens.given.Load())
	r.clock.pass(31 * time.Second) // what is left is too short
	r.search.Demand("token-2")
	r.finds(r.numbers(2)...)
	require.EqualValues(t, 2, tokens.given.Load())
}

func TestATokenThatIsNotTakenAnyMoreIsReplacedOnce(t *testing.T) {
	tokens := newIssuer(t)
	r := newRig(t, tokens.credentials)
	r.search.Demand("token-1")
	r.finds(r.numbers(1)...)
	r.search.Demand("token-2")
	r.finds(r.numbers(2)...)
	require.EqualValues(t, 2, tokens.given.Load())
	r.search.Demand("another's")
	r.unavailable(r.numbers(3)...)
	require.EqualValues(t, 3, tokens.given.Load())
}

func TestWithoutATokenNothingIsAsked(t *testing.T) {
	tokens := newIssuer(t)
	tokens.down.Store(true)
	r := newRig(t, tokens.credentials)
	r.unavailable(r.numbers(1)...)
	require.Zero(t, r.search.Asked())
}

func TestATokenGoesNowhereElse(t *testing.T) {
	var visited atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited.Store(true) }))
	t.Cleanup(elsewhere.Close)
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	r := newRig(t, newIssuer(t).credentials, func(o *directory.Options) { o.URL = redirecting.URL })
	r.unavailable(r.numbers(1)...)
	require.False(t, visited.Load())
}
