package issuer_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/issuer"
)

const verifier = "a-verifier-of-pkce-with-enough-characters-in-it"

var back = "http://127.0.0.1:9080/sign-in/callback"

func started(t *testing.T) (*issuer.Server, *http.Client) {
	t.Helper()
	made, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	server, err := issuer.Serve(t.Context(), made)
	require.NoError(t, err)
	client := &http.Client{
		Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		require.NoError(t, server.Stop())
	})
	return server, client
}

// wish is a good request for a code, with changes.
func wish(changes ...string) url.Values {
	hash := sha256.Sum256([]byte(verifier))
	w := url.Values{
		"client_id": {issuer.ClientID}, "redirect_uri": {back}, "response_type": {"code"}, "state": {"<s>&"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		w.Set(changes[i], changes[i+1])
	}
	return w
}

// post sends a form, and returns status, Location and body.
func post(t *testing.T, client *http.Client, to string, form url.Values) (int, *url.URL, map[string]any) {
	t.Helper()
	answer, err := client.PostForm(to, form)
	require.NoError(t, err)
	defer answer.Body.Close()
	var body map[string]any
	_ = json.NewDecoder(answer.Body).Decode(&body) // not each answer is JSON
	location, err := answer.Location()
	if err != nil {
		location = &url.URL{}
	}
	return answer.StatusCode, location, body
}

// codeOf chooses a user, and returns the form that exchanges the code.
func codeOf(t *testing.T, s *issuer.Server, client *http.Client, user string) url.Values {
	t.Helper()
	form := wish("user", user)
	status, location, _ := post(t, client, s.AuthorizeURL(), form)
	require.Equal(t, http.StatusSeeOther, status)
	require.True(t, strings.HasPrefix(location.String(), back+"?"))
	require.Equal(t, "<s>&", location.Query().Get("state"))
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}, "redirect_uri": {back},
		"client_id": {issuer.ClientID}, "code_verifier": {verifier},
	}
}

func claimsOf(t *testing.T, token any) jwt.MapClaims {
	t.Helper()
	text, is := token.(string)
	require.True(t, is)
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(text, claims)
	require.NoError(t, err)
	return claims
}

func TestPage_hasOneButtonAUser(t *testing.T) {
	s, client := started(t)
	answer, err := client.Get(s.AuthorizeURL() + "?" + wish("state", `"><script>`).Encode())
	require.NoError(t, err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), "<h1>Choose who you are</h1>")
	require.Contains(t, string(page), `<html lang="en">`)
	require.NotContains(t, string(page), "<script>")
	require.Equal(t, 11, strings.Count(string(page), "<button"))
	for _, user := range s.Users() {
		require.Contains(t, string(page), ">"+user.Name+"</button>")
	}
}

func TestTokens_ofEachUser(t *testing.T) {
	s, client := started(t)
	for _, user := range s.Users() {
		status, _, tokens := post(t, client, s.TokenURL(), codeOf(t, s, client, user.Name))
		require.Equal(t, http.StatusOK, status)
		claims := claimsOf(t, tokens["access_token"])
		require.Equal(t, user.Name, claims["user_name"])
		require.Len(t, claims["authorities"], len(user.Roles))
		require.Len(t, claims["caseloads"], len(user.Caseloads))
		require.NotContains(t, tokens, "id_token")
		expires, err := claims.GetExpirationTime()
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(10*time.Minute), expires.Time, time.Minute)
	}
}

func TestCode_countsOnceAndForItsVerifier(t *testing.T) {
	s, client := started(t)
	for name, change := range map[string]func(url.Values){
		"another verifier":     func(f url.Values) { f.Set("code_verifier", "another") },
		"no verifier":          func(f url.Values) { f.Del("code_verifier") },
		"another redirect_uri": func(f url.Values) { f.Set("redirect_uri", back+"x") },
		"another code":         func(f url.Values) { f.Set("code", "x") },
	} {
		form := codeOf(t, s, client, "OFFICER_A")
		change(form)
		status, _, body := post(t, client, s.TokenURL(), form)
		require.Equal(t, http.StatusBadRequest, status, name)
		require.Equal(t, "invalid_grant", body["error"], name)
	}
	form := codeOf(t, s, client, "OFFICER_A")
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		status, _, _ := post(t, client, s.TokenURL(), form)
		require.Equal(t, want, status)
	}
	form = codeOf(t, s, client, "OFFICER_A")
	form.Set("client_id", "others")
	status, _, body := post(t, client, s.TokenURL(), form)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "invalid_client", body["error"])
}

func TestAuthorize_leadsToThisMachineAlone(t *testing.T) {
	s, client := started(t)
	for _, bad := range [][]string{
		{"redirect_uri", "https://elsewhere.test/"},
		{"redirect_uri", "http://127.0.0.1.elsewhere.test/"},
		{"redirect_uri", "javascript:alert(1)"},
		{"redirect_uri", "http://x@127.0.0.1/"},
		{"redirect_uri", ""},
		{"client_id", "others"},
		{"response_type", "token"},
		{"state", ""},
		{"code_challenge", ""},
		{"code_challenge_method", "plain"},
		{"user", "STRANGER"},
	} {
		form := wish("user", "OFFICER_A")
		form.Set(bad[0], bad[1])
		status, location, _ := post(t, client, s.AuthorizeURL(), form)
		require.Equal(t, http.StatusBadRequest, status, bad)
		require.Empty(t, location.String(), bad)
	}
	answer, err := client.Get(s.SignOutURL() + "?redirect_uri=https%3A%2F%2Felsewhere.test")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	answer, err = client.Get(s.SignOutURL() + "?redirect_uri=http%3A%2F%2F127.0.0.1%3A9080%2Fsigned-out")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "http://127.0.0.1:9080/signed-out", answer.Header.Get("Location"))
}

func TestSwitches_overHTTP(t *testing.T) {
	s, client := started(t)
	_, _, first := post(t, client, s.TokenURL(), codeOf(t, s, client, "OFFICER_A"))
	renew := func(tokens map[string]any) (int, map[string]any) {
		refresh, _ := tokens["refresh_token"].(string)
		status, _, body := post(t, client, s.TokenURL(), url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {issuer.ClientID},
		})
		return status, body
	}
	control := func(want int, form url.Values) {
		status, _, _ := post(t, client, s.ControlURL(), form)
		require.Equal(t, want, status)
	}
	control(http.StatusNoContent, url.Values{"user": {"OFFICER_A"}, "role": {""}, "caseload": {"XAB", "XAA"}})
	status, second := renew(first)
	require.Equal(t, http.StatusOK, status)
	claims := claimsOf(t, second["access_token"])
	require.Empty(t, claims["authorities"])
	require.Equal(t, []any{"XAB", "XAA"}, claims["caseloads"])
	status, body := renew(first)
	require.Equal(t, http.StatusBadRequest, status, "it was exchanged")
	require.Equal(t, "invalid_grant", body["error"])
	status, _ = renew(map[string]any{"refresh_token": second["access_token"]})
	require.Equal(t, http.StatusBadRequest, status, "an access token renews nothing")

	control(http.StatusNoContent, url.Values{"away": {"true"}})
	status, _ = renew(second)
	require.Equal(t, http.StatusServiceUnavailable, status)
	control(http.StatusNoContent, url.Values{"away": {"false"}, "user": {"OFFICER_A"}, "revoke": {"true"}})
	status, _ = renew(second)
	require.Equal(t, http.StatusBadRequest, status)
	control(http.StatusBadRequest, url.Values{"user": {"STRANGER"}, "role": {"PRISON"}})
}
