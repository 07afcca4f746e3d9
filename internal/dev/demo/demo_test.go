package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/web/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service answers as the real one does, as far as the demonstration looks.
type service struct {
	mu       sync.Mutex
	known    map[string]bool
	read     []string
	position int
	status   func(request int) int // 0: answer truly
	requests int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if status := s.status(s.requests); status != 0 {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		return
	}
	if r.Method == http.MethodGet {
		s.read = append(s.read, r.URL.String())
		return
	}
	var request client.SyncRequest
	if r.Header.Get("Authorization") != "Bearer secret" || json.NewDecoder(r.Body).Decode(&request) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, _ = w.Write(s.answer(request))
}

func (s *service) answer(request client.SyncRequest) []byte {
	type result struct {
		PrisonerNumber string `json:"prisonerNumber"`
		Outcome        string `json:"outcome"`
	}
	var results []result
	for _, item := range request.NonAssociations {
		key := string(request.PrisonerNumber+item.PrisonerNonAssociation.PrisonerNumber) + strconv.Itoa(*item.TypeSequence)
		outcome := "CREATED"
		if s.known[key] {
			outcome = "UNCHANGED"
		}
		s.known[key] = true
		s.position++
		results = append(results, result{string(item.PrisonerNonAssociation.PrisonerNumber), outcome})
	}
	text, err := json.Marshal(map[string]any{"results": results, "position": s.position})
	if err != nil {
		panic(err)
	}
	return text
}

// run loads a small estate; waits are counted instead of waited.
func run(t *testing.T, s *service, token string) (printed string, waits []time.Duration, err error) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	var out bytes.Buffer
	var mu sync.Mutex
	err = runPausing(t.Context(), Options{BaseURL: server.URL + "/", Token: token, Seed: 4, Prisoners: 2000, Out: &out},
		func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, d)
			return ctx.Err()
		})
	return out.String(), waits, err
}

func always(status int) func(int) int { return func(int) int { return status } }

func TestLoadingTwice_addsNothing(t *testing.T) {
	s := &service{known: map[string]bool{}, status: always(0)}
	printed, waits, err := run(t, s, "secret")
	require.NoError(t, err)
	require.Empty(t, waits)
	require.Contains(t, printed, " CREATED")
	require.NotContains(t, printed, "UNCHANGED")
	require.Len(t, s.read, 1)
	require.Contains(t, s.read[0], "?atLeast="+strconv.Itoa(s.position))

	printed, _, err = run(t, s, "secret")
	require.NoError(t, err)
	require.Contains(t, printed, " UNCHANGED")
	require.NotContains(t, printed, "CREATED")
}

func TestDemo_namesPrisonersAsCommands(t *testing.T) {
	printed, _, err := run(t, &service{known: map[string]bool{}, status: always(0)}, "secret")
	require.NoError(t, err)
	require.NotContains(t, printed, "secret", "the token is not for the screen")
	for _, what := range []string{
		"more than any other", "long history", "still to come", "end by itself", "bin/nonassociations token",
		`curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:`, "/non-associations/",
	} {
		require.Contains(t, printed, what)
	}
}

func TestBusyService_isAskedAgainWhenItReportsIt(t *testing.T) {
	s := &service{known: map[string]bool{}, status: func(n int) int {
		return map[bool]int{true: http.StatusServiceUnavailable}[n%5 == 0]
	}}
	printed, waits, err := run(t, s, "secret")
	require.NoError(t, err)
	require.Contains(t, printed, " CREATED")
	require.NotEmpty(t, waits)
	for _, wait := range waits {
		require.Equal(t, 7*time.Second, wait)
	}
}

func TestRefusal_stopsTheLoading(t *testing.T) {
	_, waits, err := run(t, &service{status: always(0)}, "wrong")
	require.ErrorContains(t, err, "401")
	require.Empty(t, waits)
}

func TestToken_thatMayNotReadDoesNotWait(t *testing.T) {
	s := &service{known: map[string]bool{}}
	s.status = func(int) int { return 0 }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	require.NoError(t, Run(t.Context(), Options{BaseURL: server.URL, Token: "secret", Prisoners: 100, Out: t.Output()}))
}

func TestAbsentService_isWaitedForWithGrowingPauses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var waits []time.Duration
	err := runPausing(ctx, Options{BaseURL: server.URL, Prisoners: 2000, Out: t.Output()},
		func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if waits = append(waits, d); d >= 400*time.Millisecond {
				cancel()
			}
			return ctx.Err()
		})
	require.ErrorContains(t, err, "the same command goes on from there")
	require.Contains(t, waits, 100*time.Millisecond)
	require.Contains(t, waits, 200*time.Millisecond)
}
