package directory_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a directory that asks a stand-in over HTTP.
type rig struct {
	t         testing.TB
	estate    *estate.Estate
	search    *prisonersearch.Server
	clock     *clock
	directory *directory.Directory
}

func newRig(t testing.TB, set ...func(*directory.Options)) *rig {
	e, err := estate.New(estate.Options{Prisoners: 3000})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	t.Cleanup(func() { _ = search.Stop() }) // a test may have stopped it
	r := &rig{t: t, estate: e, search: search, clock: &clock{now: time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)}}
	options := directory.Options{URL: search.URL() + "/", Clock: r.clock.Now, Timeout: time.Minute}
	for _, s := range set {
		s(&options)
	}
	r.directory = directory.New(t.Context(), options)
	t.Cleanup(r.directory.Close)
	return r
}

// numbers are the first n of the estate.
func (r *rig) numbers(n int) []domain.PrisonerNumber {
	numbers := make([]domain.PrisonerNumber, n)
	for i := range numbers {
		numbers[i] = r.estate.Prisoners[i].Number
	}
	return numbers
}

// finds looks up and requires a whole answer.
func (r *rig) finds(numbers ...domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	r.t.Helper()
	found, err := r.directory.Find(context.Background(), numbers)
	require.NoError(r.t, err)
	return found
}

func (r *rig) unavailable(numbers ...domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	r.t.Helper()
	found, err := r.directory.Find(context.Background(), numbers)
	require.ErrorIs(r.t, err, directory.ErrUnavailable)
	return found
}

// nobody is a number that the estate does not have.
func (r *rig) nobody() domain.PrisonerNumber {
	for i := range uint64(10) {
		if number := estate.Number(i); !has(r.estate, number) {
			return number
		}
	}
	require.Fail(r.t, "the estate has everybody")
	return ""
}

func has(e *estate.Estate, number domain.PrisonerNumber) bool {
	_, there := e.Find(number)
	return there
}
