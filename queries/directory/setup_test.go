package directory_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// harness is a directory that calls a stand-in.
type harness struct {
	t         testing.TB
	estate    *estate.Estate
	search    *prisonersearch.StandIn
	stop      func() error   // of the stand-in; nil where there is no server
	clock     *doubles.Clock // nil in a bubble, where time itself passes
	directory *directory.Directory
}

// newHarness calls the stand-in over HTTP. Its clock moves by Move alone.
func newHarness(t testing.TB, set ...func(*directory.Options)) *harness {
	e, err := estate.New(estate.Options{Prisoners: 3000})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	t.Cleanup(func() { _ = search.Stop() }) // a test may have stopped it
	h := &harness{t: t, estate: e, search: search.StandIn, stop: search.Stop, clock: doubles.NewClock(time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC))}
	options := directory.Options{URL: search.URL() + "/", Clock: h.clock.Now, Timeout: time.Minute}
	for _, s := range set {
		s(&options)
	}
	h.directory = directory.New(t.Context(), options)
	t.Cleanup(h.directory.Close)
	return h
}

// inBubble runs a test in a bubble of synctest, where time passes when all wait. The
// stand-in is called without a network, with the time-out of production.
func inBubble(t *testing.T, test func(*testing.T, *harness), set ...func(*directory.Options)) {
	t.Helper()
	e, err := estate.New(estate.Options{Prisoners: 3000})
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		h := &harness{t: t, estate: e, search: prisonersearch.New(e)}
		options := directory.Options{URL: "http://prisoner-search", Clock: time.Now}
		options.SetTransport(noNetwork{h.search})
		for _, s := range set {
			s(&options)
		}
		h.directory = directory.New(t.Context(), options)
		defer h.directory.Close()
		test(t, h)
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

// numbers are the first n of the estate.
func (h *harness) numbers(n int) []domain.PrisonerNumber {
	numbers := make([]domain.PrisonerNumber, n)
	for i := range numbers {
		numbers[i] = h.estate.Prisoners[i].Number
	}
	return numbers
}

// finds looks up and requires a whole answer.
func (h *harness) finds(numbers ...domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	h.t.Helper()
	found, err := h.directory.Find(context.Background(), numbers)
	require.NoError(h.t, err)
	return found
}

func (h *harness) unavailable(numbers ...domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	h.t.Helper()
	found, err := h.directory.Find(context.Background(), numbers)
	require.ErrorIs(h.t, err, directory.ErrUnavailable)
	return found
}

// nobody is a number that the estate does not have.
func (h *harness) nobody() domain.PrisonerNumber {
	for i := range uint64(10) {
		if number := estate.Number(i); !has(h.estate, number) {
			return number
		}
	}
	require.Fail(h.t, "the estate has every number")
	return ""
}

func has(e *estate.Estate, number domain.PrisonerNumber) bool {
	_, there := e.Find(number)
	return there
}
