package nomis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
	"nonassociations/queries"
)

// deliveries is a read model as a test wants it.
type deliveries struct {
	pending []domain.Pair
	onDays  []domain.Pair
	asked   []string               // days
	request queries.PendingRequest // the last one
	err     error
}

func (d *deliveries) Pending(_ context.Context, of queries.PendingRequest) ([]domain.Pair, error) {
	d.request = of
	var page []domain.Pair
	for _, pair := range d.pending {
		if pair.String() > of.After && len(page) < of.Limit {
			page = append(page, pair)
		}
	}
	return page, d.err
}

func (d *deliveries) PairsOnDays(_ context.Context, first, last string, _ uint64) ([]domain.Pair, error) {
	d.asked = append(d.asked, first+" "+last)
	return d.onDays, nil
}

func sweeper(c *circle.Circle, d *deliveries) *nomis.Sweeper {
	return nomis.NewSweeper(nomis.SweeperOptions{
		Deliveries: d, Store: c.Store, Bell: c.Store, Clock: func() time.Time { return c.Now }, Logger: c.Logger, After: 15 * time.Minute,
	})
}

// due are the pairs in the bell.
func due(t *testing.T, c *circle.Circle) []string {
	t.Helper()
	rows, err := c.Store.Next(t.Context(), c.Now.Add(time.Hour), store.DuePair{}, 5000)
	require.NoError(t, err)
	var pairs []string
	for _, row := range rows {
		pairs = append(pairs, row.Pair.String())
	}
	return pairs
}

func TestSweep_ringsForAllThatIsPendingForLong(t *testing.T) {
	c := circle.New(t)
	d := &deliveries{}
	for n := range 1201 {
		d.pending = append(d.pending, domaintest.PairOf("A0000AA", domain.PrisonerNumber(fmt.Sprintf("B%04dBB", n))))
	}
	s := sweeper(c, d)
	require.NoError(t, s.Sweep(t.Context()))
	require.Len(t, due(t, c), 1201, "also those of later pages")
	require.Zero(t, d.request.Last, "a process that starts rings for all of them")
	require.Equal(t, c.Now.Add(-15*time.Minute), d.request.Before)
	first := d.request.Before
	c.Now = c.Now.Add(time.Minute)
	require.NoError(t, s.Sweep(t.Context()))
	require.Equal(t, first, d.request.Last, "and then for each once in fifteen minutes")
	require.Equal(t, 15*time.Minute, d.request.Every)
}

func TestSweep_ringsOnceADayForWhatHasCome(t *testing.T) {
	c := circle.New(t)
	d := &deliveries{onDays: []domain.Pair{circle.Pair}}
	s := sweeper(c, d)
	beside := domaintest.PairOf("A0000AA", "B0000BB")
	require.NoError(t, c.Store.Record(t.Context(), beside, c.Now, "2026-07-15", uuid.Nil, store.Finding{
		TypeSequence: 2, Bucket: store.IgnoredHere, Problem: "ANOTHER_OPEN", Why: "x", Cause: "SEVERAL_OPEN",
	}))
	require.NoError(t, s.Sweep(t.Context()))
	require.ElementsMatch(t, []string{circle.Pair.String(), beside.String()}, due(t, c))
	require.NoError(t, s.Sweep(t.Context()))
	require.Equal(t, []string{"2026-07-14 2026-07-15"}, d.asked, "a process that starts looks at the day before too")
	c.Now = c.Now.AddDate(0, 0, 3)
	require.NoError(t, s.Sweep(t.Context()))
	require.Equal(t, "2026-07-15 2026-07-18", d.asked[1], "also the days on which no process ran")
}

func TestSweep_thatFailsIsDoneAgain(t *testing.T) {
	c := circle.New(t)
	d := &deliveries{err: errors.New("away"), pending: []domain.Pair{circle.Pair}}
	s := sweeper(c, d)
	require.Error(t, s.Sweep(t.Context()))
	require.Empty(t, d.asked)
	d.err = nil
	require.NoError(t, s.Sweep(t.Context()))
	require.Len(t, d.asked, 1)
	require.NotEmpty(t, due(t, c))
}
