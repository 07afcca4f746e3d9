package nomisapi_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/token"
)

func TestAPI_wantsATokenWithItsRole(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, call := range []string{
		"POST /non-associations", "PUT " + paired + "/sequence/1", "PUT " + paired + "/sequence/1/close", "DELETE " + paired + "/sequence/1",
		"GET " + paired, "GET " + paired + "/all", "GET /non-associations/ids", "GET /non-associations/booking/1",
		"GET /prisoners/" + a + "/merges", "GET /splash-screens/OIDONONA", "GET /splash-screens/OIDONONA/blocked",
	} {
		method, path, _ := strings.Cut(call, " ")
		for token, want := range map[string]int{"": 401, "bad": 401, "other": 403} {
			response, text, err := n.try(token, method, path, body())
			require.NoError(t, err)
			require.Equal(t, want, response.StatusCode, call)
			require.Equal(t, map[int]string{401: "", 403: `{"status":403}`}[want], strings.TrimSpace(text))
		}
	}
	for _, path := range []string{"/", "/staff/rows/" + a + "/" + b, "/staff/calls", "/faults"} {
		response, _, err := n.try("", "GET", path, "")
		require.NoError(t, err)
		require.Equal(t, 200, response.StatusCode, path)
	}
}

func TestTokenEndpoint_givesATokenForTheClientsSecret(t *testing.T) {
	t.Parallel()
	n := start(t)
	require.Equal(t, n.URL()+"/oauth/token", n.TokenURL())
	ask := func(id, secret string, form url.Values) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.TokenURL(), strings.NewReader(form.Encode()))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if id != "" {
			request.SetBasicAuth(id, secret)
		}
		response, err := n.http.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	grant := url.Values{"grant_type": {"client_credentials"}}
	status, text := ask("client", "secret", grant)
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"access_token":"good","token_type":"bearer","expires_in":3600}`, text)
	status, _ = ask("", "", url.Values{"grant_type": {"client_credentials"}, "client_id": {"client"}, "client_secret": {"secret"}})
	require.Equal(t, 200, status)
	status, text = ask("client", "wrong", grant)
	require.Equal(t, 401, status)
	require.JSONEq(t, `{"error":"invalid_client"}`, text)
	status, text = ask("client", "secret", url.Values{"grant_type": {"password"}})
	require.Equal(t, 400, status)
	require.JSONEq(t, `{"error":"unsupported_grant_type"}`, text)
}

func TestTokens_ofTheDevelopmentIssuerAreVerified(t *testing.T) {
	t.Parallel()
	own, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	foreign, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	verify, sign := nomisapi.Tokens(own)
	text, life, err := sign("client")
	require.NoError(t, err)
	require.Equal(t, token.TTL, life)
	roles, err := verify(text)
	require.NoError(t, err)
	require.Equal(t, []string{nomisapi.Role}, roles)

	for name, bad := range map[string]func() (string, error){
		"of another key": func() (string, error) { return foreign.Sign(token.Request{}, time.Now()) },
		"expired":        func() (string, error) { return own.Sign(token.Request{}, time.Now().Add(-2*token.TTL)) },
		"nonsense":       func() (string, error) { return "nonsense", nil },
	} {
		text, err := bad()
		require.NoError(t, err)
		_, err = verify(text)
		require.Error(t, err, name)
	}
}
