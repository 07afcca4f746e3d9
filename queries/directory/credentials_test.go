package directory_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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

func TestToken_isSentWhereThereAreCredentialsAndFetchedOnce(t *testing.T) {
	tokens := newIssuer(t)
	h := newHarness(t, tokens.credentials)
	h.search.Demand("token-1")
	require.Len(t, h.finds(h.numbers(2500)...), 2500)
	h.clock.Move(9 * time.Minute)
	h.finds(h.numbers(1)...)
	require.EqualValues(t, 1, tokens.given.Load())
	h.clock.Move(31 * time.Second) // what is left is too short
	h.search.Demand("token-2")
	h.finds(h.numbers(2)...)
	require.EqualValues(t, 2, tokens.given.Load())
}

func TestToken_thatIsNotTakenAnyMoreIsReplacedOnce(t *testing.T) {
	tokens := newIssuer(t)
	h := newHarness(t, tokens.credentials)
	h.search.Demand("token-1")
	h.finds(h.numbers(1)...)
	h.search.Demand("token-2")
	h.finds(h.numbers(2)...)
	require.EqualValues(t, 2, tokens.given.Load())
	h.search.Demand("another's")
	h.unavailable(h.numbers(3)...)
	require.EqualValues(t, 3, tokens.given.Load())
}

func TestDirectory_asksNothingWithoutAToken(t *testing.T) {
	tokens := newIssuer(t)
	tokens.down.Store(true)
	h := newHarness(t, tokens.credentials)
	h.unavailable(h.numbers(1)...)
	require.Zero(t, h.search.Asked())
}

func TestToken_followsNoRedirect(t *testing.T) {
	var visited atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited.Store(true) }))
	t.Cleanup(elsewhere.Close)
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	h := newHarness(t, newIssuer(t).credentials, func(o *directory.Options) { o.URL = redirecting.URL })
	h.unavailable(h.numbers(1)...)
	require.False(t, visited.Load())
}

// says is an issuer that answers with the same text each time, and counts.
func says(t testing.TB, answer string) (set func(*directory.Options), asked *atomic.Int64) {
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	return func(o *directory.Options) {
		o.Credentials = &directory.Credentials{TokenURL: server.URL, ClientID: "me", ClientSecret: "s"}
	}, asked
}

// TestLifetime_isReadAsIssuersWriteIt: a token is used until 30 s before its end,
// or for half of a shorter life.
func TestLifetime_isReadAsIssuersWriteIt(t *testing.T) {
	for written, uses := range map[string]time.Duration{
		"3599": 3569 * time.Second, `"3599"`: 3569 * time.Second, "3599.5": 3569*time.Second + 500*time.Millisecond,
		`"3599.5"`: 3569*time.Second + 500*time.Millisecond, "3.599e3": 3569 * time.Second, `" 3599 "`: 3569 * time.Second,
		"20": 10 * time.Second, `"20"`: 10 * time.Second, "1e300": 24*time.Hour - 30*time.Second, `"99999999999999999999"`: 24*time.Hour - 30*time.Second,
	} {
		set, asked := says(t, `{"access_token":"t","expires_in":`+written+`}`)
		h := newHarness(t, set)
		h.finds(h.numbers(1)...)
		h.clock.Move(uses - time.Millisecond)
		h.finds(h.numbers(2)...)
		h.clock.Move(time.Millisecond)
		require.EqualValues(t, 1, asked.Load(), written)
		h.finds(h.numbers(3)...)
		require.EqualValues(t, 2, asked.Load(), written)
	}
}

// TestToken_withoutALifetimeIsGoodForOneQuestion: it may have expired at once.
func TestToken_withoutALifetimeIsGoodForOneQuestion(t *testing.T) {
	for _, rest := range []string{"", `,"expires_in":null`, `,"expires_in":0`, `,"expires_in":"0"`, `,"Expires_In":3599`, `,"more":{"expires_in":3599}`} {
		set, asked := says(t, `{"access_token":"t"`+rest+`}`)
		h := newHarness(t, set)
		for n := range 3 {
			h.finds(h.numbers(n + 1)...)
			require.EqualValues(t, n+1, asked.Load(), rest)
		}
	}
}

// TestTokenAnswer_thatIsInvalidIsRefused: nothing is asked with it, and the reason
// quotes nothing of the answer.
func TestTokenAnswer_thatIsInvalidIsRefused(t *testing.T) {
	const lifetime, token = "expires_in of the answer is no number of seconds", "the answer holds no token"
	answers := map[string]string{
		`{"Access_Token":"secret","expires_in":60}`:                 token,
		`{"ACCESS_TOKEN":"secret"}`:                                 token,
		`{"access_token":"secret","access_token":"secret"}`:         token,
		`{"access_token":"secret","expires_in":60,"expires_in":60}`: token,
		`{"access_token":"secret","scope":{"a":1,"a":2}}`:           token,
		`{"access_token":""}`:                                       token,
		`{"access_token":7}`:                                        token,
		`{"access_token":"secret"} {}`:                              token,
		`["secret"]`:                                                token,
		`null`:                                                      token,
		``:                                                          token,
		"{\"access_token\":\"secret\",\"x\":\"\xff\"}":              token,
		`{"access_token":"secret","expires_in":60` + strings.Repeat(" ", 1<<20) + `}`: token,
	}
	for _, nonsense := range []string{
		`"soon"`, `""`, `" "`, `"0x10"`, `"1_000"`, `"Infinity"`, `"NaN"`, `"+60"`, `"60s"`, `"60,5"`, `"1e999"`, `"6 0"`, `"60\n60"`, "-1", `"-1"`, "true", "[60]", `{"seconds":60}`,
	} {
		answers[`{"access_token":"secret","expires_in":`+nonsense+`}`] = lifetime
	}
	for answer, reason := range answers {
		set, _ := says(t, answer)
		h := newHarness(t, set)
		_, err := h.directory.Find(t.Context(), h.numbers(1))
		require.ErrorIs(t, err, directory.ErrUnavailable, answer)
		require.ErrorContains(t, err, reason, answer)
		require.NotContains(t, err.Error(), "secret")
		require.Zero(t, h.search.Asked(), answer)
	}
}
