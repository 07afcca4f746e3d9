package nomis_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

// editCircle is a circle with a directory, in which the changes of NOMIS's staff are counted.
type editCircle struct {
	*circle.Circle

	t  *testing.T
	mu sync.Mutex
	at map[domain.PrisonerNumber]domain.PrisonID
	// asked counts the questions to the directory, and away is whether it fails them.
	asked int
	away  bool
}

func newEditCircle(t *testing.T) *editCircle {
	t.Helper()
	return &editCircle{Circle: circle.New(t), t: t, at: map[domain.PrisonerNumber]domain.PrisonID{domaintest.Low: "MDI", domaintest.High: "MDI"}}
}

// prisons is the directory.
func (c *editCircle) prisons(context.Context, []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.away {
		return map[domain.PrisonerNumber]domain.PrisonID{domaintest.Low: "MDI"}, errors.New("no directory")
	}
	return maps.Clone(c.at), nil
}

func (c *editCircle) place(low, high domain.PrisonID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = map[domain.PrisonerNumber]domain.PrisonID{domaintest.Low: low, domaintest.High: high}
}

// goesAway takes the directory away, or brings it back, and returns how often it was asked.
func (c *editCircle) goesAway(away bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
	return c.asked
}

func (c *editCircle) timesAsked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// count starts an EditCounter that reads a feed, and returns what stops it.
func (c *editCircle) count(feed nomis.Feed) (stop func()) {
	c.t.Helper()
	now := c.Now
	counter := nomis.NewEditCounter(nomis.EditCounterOptions{
		Feed: feed, Store: c.Store, Prisons: c.prisons, Poll: look, Clock: func() time.Time { return now }, Logger: c.Logger,
		Exclusively: func(ctx context.Context, do func(context.Context)) error { do(ctx); return nil },
	})
	ctx, cancel := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- counter.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(c.t, <-ended)
	})
	c.t.Cleanup(stop)
	return stop
}

func (c *editCircle) feed() *audit.Reader {
	return audit.New(c.Log, audit.Options{London: c.Now.Location()})
}

// counted counts until all is counted, and returns the edits of the last seven days.
func (c *editCircle) counted() map[domain.PrisonID]int {
	c.t.Helper()
	stop := c.count(c.feed())
	c.isCounted()
	stop()
	return c.lastWeek()
}

func (c *editCircle) isCounted() {
	c.t.Helper()
	head, err := c.Commands.Head(c.t.Context())
	require.NoError(c.t, err)
	require.Eventually(c.t, func() bool {
		at, err := c.Store.EditCheckpoint(c.t.Context())
		require.NoError(c.t, err)
		found, err := c.Store.FoundEdits(c.t.Context(), 1)
		require.NoError(c.t, err)
		return at >= head.Uint64() && len(found) == 0
	}, workTime, look)
}

// lastWeek returns the edits of the last seven days.
func (c *editCircle) lastWeek() map[domain.PrisonID]int {
	c.t.Helper()
	all := map[domain.PrisonID]int{}
	for id, of := range c.edits() {
		all[id] = of.LastWeek
	}
	return all
}

func (c *editCircle) edits() map[domain.PrisonID]store.PrisonEdits {
	c.t.Helper()
	all, err := c.Store.PrisonEdits(c.t.Context(), domain.Today(c.Now))
	require.NoError(c.t, err)
	return all
}

// open has NOMIS open a record, and takes it over.
func (c *editCircle) open() domain.NonAssociation {
	c.t.Helper()
	c.NOMISOpen("2021-07-05")
	require.NotEmpty(c.t, c.TakeTurn())
	return c.Items()[0]
}

// executes decides a command of a source.
func (c *editCircle) executes(source domain.Source, command domain.Command) {
	c.t.Helper()
	_, err := c.Commands.Execute(c.t.Context(), domaintest.NewCause(source), circle.Pair, command)
	require.NoError(c.t, err)
}
