package bearer_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/bearer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// issuer gives token-1, token-2 … while its status is 200, and counts.
type issuer struct {
	given  atomic.Int64
	status atomic.Int64
}

func newTokens(t *testing.T) (*bearer.Tokens, *issuer) {
	i := &issuer{}
	i.status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(i.status.Load()))
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":600}`, i.given.Add(1))
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	t.Cleanup(client.CloseIdleConnections)
	credentials := bearer.Credentials{TokenURL: server.URL, ClientID: "me", ClientSecret: "s:ecret"}
	return bearer.NewTokens(credentials, client, time.Now), i
}

func TestTokens_ofConcurrentCallersAreOne(t *testing.T) {
	tokens, issuer := newTokens(t)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			token, err := tokens.Get(t.Context())
			require.NoError(t, err)
			renewed, err := tokens.Renew(t.Context(), token)
			require.NoError(t, err)
			require.NotEqual(t, token, renewed)
		})
	}
	callers.Wait()
	require.LessOrEqual(t, issuer.given.Load(), int64(21), "a token each of renewals, and one before")
}

func TestTokens_sayWhetherTheCredentialsAreRefused(t *testing.T) {
	for status, refused := range map[int]bool{400: true, 401: true, 403: true, 404: false, 429: false, 500: false, 503: false} {
		tokens, issuer := newTokens(t)
		issuer.status.Store(int64(status))
		_, err := tokens.Get(t.Context())
		require.Error(t, err)
		require.Equal(t, refused, errors.Is(err, bearer.ErrRefused), status)
		require.NotContains(t, err.Error(), "token-")
		require.NotContains(t, err.Error(), "s:ecret")
	}
}

func TestTokens_keepTheOldOneWhenRenewalFails(t *testing.T) {
	tokens, issuer := newTokens(t)
	first, err := tokens.Get(t.Context())
	require.NoError(t, err)
	issuer.status.Store(http.StatusServiceUnavailable)
	_, err = tokens.Renew(t.Context(), first)
	require.Error(t, err)
	again, err := tokens.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, again)
}
