package npa_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	low  = domain.PrisonerNumber("A0135GA")
	high = domain.PrisonerNumber("A9109UD")

	forwardsPath  = "/non-associations/offender/A0135GA/ns-offender/A9109UD"
	backwardsPath = "/non-associations/offender/A9109UD/ns-offender/A0135GA"
)

func thePair(t testing.TB) domain.Pair {
	pair, err := domain.NewPair(high, low)
	require.NoError(t, err)
	return pair
}

// server answers as it was told last, and keeps what it was sent.
type server struct {
	mu       sync.Mutex
	answers  http.HandlerFunc
	requests []string // method, path with its query, and body
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body))
	answers := s.answers
	s.mu.Unlock()
	answers(w, r)
}

func (s *server) answer(with http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = with
}

// says answers every request alike.
func (s *server) says(status int, body string) {
	s.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

// asked returns the requests since the last call of it.
func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// refusal is an answer as the API refuses.
func refusal(status int, words string) string {
	return fmt.Sprintf(`{"status":%d,"userMessage":%q,"developerMessage":"x"}`, status, words)
}

// newAPI calls a server over HTTP.
func newAPI(t testing.TB, set ...func(*npa.Options)) (*npa.API, *server) {
	s := &server{}
	s.says(http.StatusInternalServerError, "")
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	options := npa.Options{URL: listening.URL + "/", Clock: time.Now}
	for _, one := range set {
		one(&options)
	}
	api := npa.New(options)
	t.Cleanup(api.Close)
	return api, s
}

func newClient(t testing.TB, set ...func(*npa.Options)) (*npa.Client, *server) {
	api, s := newAPI(t, set...)
	return api.For(npa.Turn), s
}

// inBubble runs a test in a bubble of synctest, where time passes when all wait. The
// server is called without a network.
func inBubble(t *testing.T, test func(*testing.T, *npa.API, *server), set ...func(*npa.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.says(http.StatusOK, "[]")
		options := npa.Options{URL: "http://nomis", Clock: time.Now}
		options.SetTransport(noNetwork{s})
		for _, one := range set {
			one(&options)
		}
		api := npa.New(options)
		test(t, api, s)
		api.Close()
	})
}

// noNetwork answers requests by a handler.
type noNetwork struct{ http.Handler }

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	answered := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		n.ServeHTTP(w, r)
		answered <- w.Result()
	}()
	select {
	case response := <-answered:
		return response, r.Context().Err()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func text(s string) *string { return &s }
