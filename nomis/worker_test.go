package nomis_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

const (
	workTime = 20 * time.Second
	look     = 5 * time.Millisecond
)

// worker starts a worker over both systems, which ends with the test.
func worker(t *testing.T, c *circle.Circle, change ...func(*nomis.WorkerOptions)) *nomis.Worker {
	t.Helper()
	options := nomis.WorkerOptions{
		Turns: c.Turns, Store: c.Store, Clock: func() time.Time { return c.Now }, Logger: c.Logger,
		Locks:     func(ctx context.Context) (*store.PairLocks, error) { return store.OpenPairLocks(ctx, c.DSN) },
		Available: c.API.Available, Probe: c.API.For(npa.Probe).Ping, ProbeEvery: look, Poll: look,
	}
	for _, f := range change {
		f(&options)
	}
	w := nomis.NewWorker(options)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return w
}

// rings rings for the pair.
func rings(t *testing.T, c *circle.Circle, rings ...store.Ring) {
	t.Helper()
	if len(rings) == 0 {
		rings = []store.Ring{{Pair: circle.Pair, Cause: store.Cause{Kind: store.OurEvent, ID: "message"}}}
	}
	require.NoError(t, c.Store.Ring(t.Context(), c.Now, rings...))
}

// isSettled waits until the bell has no row.
func isSettled(t *testing.T, c *circle.Circle) {
	t.Helper()
	require.Eventually(t, func() bool {
		backlog, err := c.Store.Backlog(t.Context())
		return err == nil && backlog.Pending == 0
	}, workTime, look)
}

func TestWorker_takesTheTurnOfAPairThatIsDue(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	w := worker(t, c)
	rings(t, c)
	w.Wake()
	isSettled(t, c)
	c.IsQuiet()
	facts := c.Facts()
	require.Equal(t, nomis.CommandID("message"), facts[len(facts)-1].Meta.CorrelationID)
}

func TestWorker_thatIsOneOfTwoRepeatsNothing(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	worker(t, c)
	worker(t, c)
	for range 5 {
		rings(t, c)
		rings(t, c, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.Swept}})
	}
	isSettled(t, c)
	c.IsQuiet()
	require.Equal(t, []string{"POST"}, c.Writes())
}

func TestWorker_putsOffAPairThatFailsAndShowsItAfterTheFifthTime(t *testing.T) {
	c := circle.New(t)
	id := c.StaffOpen()
	c.Fault("locked", 1000)
	w := worker(t, c)
	for tries := 1; tries <= 5; tries++ {
		rings(t, c, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.OurEvent, ID: string(rune('a' + tries))}}) // news is due at once
		w.Wake()
		require.Eventually(t, func() bool {
			due, err := c.Store.Get(t.Context(), circle.Pair)
			return err == nil && due.Tries == tries
		}, workTime, look)
		if tries < 5 {
			require.Empty(t, c.Living())
		}
	}
	require.Eventually(t, func() bool { return len(c.Living()) == 1 }, workTime, look)
	require.Equal(t, string(plan.NotReached), c.Living()[0].Problem)
	c.There("DELETE", "/faults", nil)
	rings(t, c, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.OurEvent, ID: "again"}})
	isSettled(t, c)
	c.IsQuiet()
	require.Equal(t, id, c.Items()[0].ID)
}

func TestWorker_triesNoPairWhileNOMISDoesNotAnswer(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	var probes atomic.Int64
	var up atomic.Bool
	worker(t, c, func(o *nomis.WorkerOptions) {
		o.Available = up.Load
		o.Probe = func(context.Context) error {
			if probes.Add(1) < 3 {
				return errors.New("no answer")
			}
			up.Store(true)
			return nil
		}
	})
	rings(t, c)
	isSettled(t, c)
	require.EqualValues(t, 3, probes.Load())
	require.Len(t, c.Facts(), 3, "one turn, after the last probe")
}

func TestWorker_stopsWhileNOMISDeniesAccess(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	denied := npa.New(npa.Options{URL: c.NOMIS.URL()}) // without a token
	t.Cleanup(denied.Close)
	turns := *c.Turns
	turns.NOMIS = denied.For(npa.Turn)
	faults := make(chan error, 1000)
	worker(t, c, func(o *nomis.WorkerOptions) {
		o.Turns, o.Probe = &turns, denied.For(npa.Probe).Ping
		o.Beat = func(fault error) {
			if fault != nil {
				select {
				case faults <- fault:
				default:
				}
			}
		}
	})
	rings(t, c)
	require.ErrorIs(t, <-faults, npa.ErrDenied)
	due, err := c.Store.Get(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.Zero(t, due.Tries, "the pair is not to blame")
}

// gate denies the calls of turns while it is closed.
type gate struct {
	turn.NOMIS
	closed atomic.Bool
	denied atomic.Int64
}

func (g *gate) Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error) {
	if g.closed.Load() {
		g.denied.Add(1)
		return mirror.Rows{}, npa.ErrDenied
	}
	return g.NOMIS.Rows(ctx, pair)
}

// The probe is let in, and the calls about pairs are not: the worker asks at its pace,
// whatever rings, says so all the time, and goes on when it is let in again.
func TestWorker_thatIsDeniedAsksAtItsPace(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	door := &gate{NOMIS: c.API.For(npa.Turn)}
	door.closed.Store(true)
	turns := *c.Turns
	turns.NOMIS = door
	const pace = 40 * time.Millisecond
	beats := make(chan error, 1000)
	rings(t, c)
	began := time.Now()
	w := worker(t, c, func(o *nomis.WorkerOptions) {
		o.Turns, o.ProbeEvery, o.Most = &turns, pace, 1
		o.Beat = func(fault error) {
			select {
			case beats <- fault:
			default:
			}
		}
	})
	for !errors.Is(<-beats, npa.ErrDenied) { // until the first turn has ended
	}
	require.Eventually(t, func() bool {
		w.Wake()
		return door.denied.Load() >= 5
	}, workTime, look)
	require.GreaterOrEqual(t, time.Since(began), 3*pace, "the first two may have begun at once")
	for len(beats) > 0 {
		require.ErrorIs(t, <-beats, npa.ErrDenied)
	}
	due, err := c.Store.Get(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.Zero(t, due.Tries)

	door.closed.Store(false)
	isSettled(t, c)
	c.IsQuiet()
	require.Eventually(t, func() bool {
		select {
		case fault := <-beats:
			return fault == nil
		default:
			return false
		}
	}, workTime, look)
}

func TestWorker_letsAPairWaitForADeletionToRipen(t *testing.T) {
	c := circle.New(t)
	c.NOMISOpen("2021-07-05")
	c.TakeTurn()
	c.NOMISDelete(1)
	c.Now = time.Now().Add(time.Second).In(c.Now.Location())
	worker(t, c)
	rings(t, c, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.NOMISDeleted, ID: "gone"}, Deleted: 1})
	require.Eventually(t, func() bool {
		due, err := c.Store.Get(t.Context(), circle.Pair)
		return err == nil && due.NotBefore.Sub(due.LastRing) > 59*time.Minute
	}, workTime, look)
	require.False(t, c.Items()[0].Deleted)
}

// A worker that is stopped in the middle of a turn leaves the pair due.
func TestWorker_thatIsStoppedLeavesThePairDue(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	c.Fault("delay", 100)
	rings(t, c)
	ctx, stop := context.WithCancel(t.Context())
	loops := 0
	w := nomis.NewWorker(nomis.WorkerOptions{
		Turns: c.Turns, Store: c.Store, Clock: func() time.Time { return c.Now }, Logger: c.Logger,
		Locks: func(ctx context.Context) (*store.PairLocks, error) { return store.OpenPairLocks(ctx, c.DSN) },
		Available: func() bool {
			if loops++; loops == 2 { // the turn has begun
				stop()
			}
			return true
		},
		Probe: func(context.Context) error { return nil }, Poll: look,
	})
	require.NoError(t, w.Run(ctx))
	_, err := c.Store.Get(t.Context(), circle.Pair)
	require.NoError(t, err)
	c.There("DELETE", "/faults", nil)
	worker(t, c)
	isSettled(t, c)
	c.IsQuiet()
	require.Equal(t, domain.DPS, c.Items()[0].CreatedSource)
}
