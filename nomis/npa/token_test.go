package npa_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis/npa"
)

// issuer gives token-1, token-2 … while its status is 200.
type issuer struct {
	*httptest.Server

	given  atomic.Int64
	status atomic.Int64
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{}
	i.status.Store(http.StatusOK)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if status := int(i.status.Load()); status != http.StatusOK || id != "me" || secret != "s" {
			w.WriteHeader(status)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":600}`, i.given.Add(1))
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) credentials(o *npa.Options) {
	o.Credentials = &npa.Credentials{TokenURL: i.URL, ClientID: "me", ClientSecret: "s"}
}

// takes lets the server accept one token only.
func (s *server) takes(token string) {
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "[]")
	})
}

func TestToken_isFetchedOnceForAllCallers(t *testing.T) {
	tokens := newIssuer(t)
	api, s := newAPI(t, tokens.credentials)
	s.takes("token-1")
	together(10, func() { require.NoError(t, api.For(npa.Turn).Ping(t.Context())) })
	require.NoError(t, api.For(npa.Migration).Ping(t.Context()))
	require.EqualValues(t, 1, tokens.given.Load())
	require.EqualValues(t, 11, api.Counts()[npa.Turn]+api.Counts()[npa.Migration], "the issuer's are not counted")
}

func TestToken_thatIsRevokedIsReplacedOnce(t *testing.T) {
	tokens := newIssuer(t)
	client, s := newClient(t, tokens.credentials)
	s.takes("token-1")
	require.NoError(t, client.Ping(t.Context()))
	s.takes("token-2")
	require.NoError(t, client.Delete(t.Context(), thePair(t), 1))
	require.EqualValues(t, 2, tokens.given.Load())
	require.Len(t, s.asked(), 3, "the refused one too")
	require.EqualValues(t, 3, client.Requests())

	s.takes("another's")
	requireKind(t, npa.ErrDenied, client.Ping(t.Context()))
	require.Len(t, s.asked(), 2)
	require.EqualValues(t, 3, tokens.given.Load())
}

func TestToken_isNotReplacedBecauseOfAMissingRole(t *testing.T) {
	tokens := newIssuer(t)
	client, s := newClient(t, tokens.credentials)
	s.says(http.StatusForbidden, `{"status":403}`)
	f := requireKind(t, npa.ErrDenied, client.Ping(t.Context()))
	require.Equal(t, http.StatusForbidden, f.Status)
	require.EqualValues(t, 1, tokens.given.Load())
	require.Len(t, s.asked(), 1)
}

// Credentials that are revoked are as good as a denial of NOMIS. An issuer that is away
// is not.
func TestToken_thatIsNotGivenSendsNothing(t *testing.T) {
	for status, kind := range map[int]error{400: npa.ErrDenied, 401: npa.ErrDenied, 403: npa.ErrDenied, 500: npa.ErrUnavailable, 503: npa.ErrUnavailable} {
		tokens := newIssuer(t)
		tokens.status.Store(int64(status))
		api, s := newAPI(t, tokens.credentials)
		for range 5 {
			requireKind(t, kind, api.For(npa.Turn).Ping(t.Context()))
		}
		require.Empty(t, s.asked())
		require.Equal(t, status < 500, api.Available())
	}
}
