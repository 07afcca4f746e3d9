package reconcile_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// spy is the record, with something done before a pair is read for the nth time.
type spy struct {
	turn.Record
	reads  map[domain.Pair]int
	before func(pair domain.Pair, read int)
}

func (s *spy) Plan(ctx context.Context, pair domain.Pair) (commands.Planned, error) {
	s.reads[pair]++
	if s.before != nil {
		s.before(pair, s.reads[pair])
	}
	return s.Record.Plan(ctx, pair)
}

func (f *fixture) spies(before func(pair domain.Pair, read int)) *spy {
	s := &spy{f.options.Turns.Record, map[domain.Pair]int{}, before}
	f.options.Turns.Record = s
	return s
}

// A run that is cut off after some of its pairs goes on with the others.
func TestRun_thatIsKilledGoesOn(t *testing.T) {
	f := newFixture(t)
	const pairs = 70 // more than are begun between two times at which progress is kept
	var named []domain.Pair
	for n := range pairs {
		named = append(named, pairOf(n))
	}
	ctx, kill := context.WithCancel(t.Context())
	s := f.spies(func(pair domain.Pair, _ int) {
		if pair == named[66] {
			kill()
		}
	})
	id := f.request(store.Run{Scope: store.ScopePairs}, named...)
	require.NoError(t, reconcile.NewRunner(f.options).Run(ctx))
	run, err := f.Store.Reconciliation(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, store.Running, run.Status)
	kept := run.Counts.Pairs
	require.Contains(t, []int{63, 64}, kept, "what was done when the next 64 were begun")
	require.Equal(t, pairs, run.Pairs)
	began, requests := run.StartedAt, run.Requests

	s.before = nil
	f.Now = f.Now.Add(time.Minute)
	stop := running(t, reconcile.NewRunner(f.options).Run)
	run = f.ended(id)
	stop()
	require.Equal(t, store.Completed, run.Status)
	require.Equal(t, pairs, run.Counts.Pairs)
	require.True(t, began.Equal(run.StartedAt))
	require.Equal(t, requests+2*int64(pairs-kept), run.Requests)
	require.Equal(t, 2, s.reads[named[0]], "what was done is not read again")
}

// The second of two processes waits for the lease while the first one works.
func TestRunners_oneWorksAtATime(t *testing.T) {
	f := newFixture(t)
	o := &overlap{Record: f.options.Turns.Record, entered: make(chan struct{}), release: make(chan struct{})}
	f.options.Turns.Record = o
	first, second := f.request(store.Run{Scope: store.ScopePairs}, pairOf(1)), f.request(store.Run{Scope: store.ScopePairs}, pairOf(2))
	stops := []func(){running(t, reconcile.NewRunner(f.options).Run)}
	<-o.entered
	f.options.Beat = func(error) { o.once.Do(func() { close(o.release) }) } // it waits, or it works
	stops = append(stops, running(t, reconcile.NewRunner(f.options).Run))
	require.Equal(t, store.Completed, f.ended(first).Status)
	require.Equal(t, store.Completed, f.ended(second).Status)
	for _, stop := range stops {
		stop()
	}
	require.EqualValues(t, 1, o.most.Load())
}

// overlap counts the reads at once. The first one is held until it is released, or until
// another one begins.
type overlap struct {
	turn.Record
	entered, release chan struct{}
	once             sync.Once
	reads, working   atomic.Int32
	most             atomic.Int32
}

func (o *overlap) Plan(ctx context.Context, pair domain.Pair) (commands.Planned, error) {
	o.most.Store(max(o.most.Load(), o.working.Add(1)))
	defer o.working.Add(-1)
	if o.reads.Add(1) == 1 {
		close(o.entered)
		<-o.release
	} else {
		o.once.Do(func() { close(o.release) })
	}
	return o.Record.Plan(ctx, pair)
}

// The head of the pair moves between the reads: it is read again, and is what it is then.
func TestInFlight_isReadAgain(t *testing.T) {
	f := newFixture(t)
	pair := f.inStep(1)
	f.spies(func(_ domain.Pair, read int) {
		if read == 2 { // after the comparison of the first read
			f.staffAmends(pair, "Changed")
			f.turn(pair)
		}
	})
	run := f.run(store.Run{Scope: store.ScopePairs}, pair)
	require.Equal(t, store.Completed, run.Status)
	require.Equal(t, 1, run.Counts.Buckets[store.Same].Union)
	require.Equal(t, 1, f.waits)
}

func (f *fixture) staffAmends(pair domain.Pair, comment string) {
	f.t.Helper()
	ours, err := f.Commands.Plan(f.t.Context(), pair)
	require.NoError(f.t, err)
	_, err = f.Commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Amend{ID: ours.Exchanges.State().Items[0].ID, Comment: &comment})
	require.NoError(f.t, err)
}

func (f *fixture) staffDeletes(pair domain.Pair) {
	f.t.Helper()
	ours, err := f.Commands.Plan(f.t.Context(), pair)
	require.NoError(f.t, err)
	_, err = f.Commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Delete{ID: ours.Exchanges.State().Items[0].ID})
	require.NoError(f.t, err)
}

// A pair whose bell rings at each read is never settled.
func TestInFlight_forLongIsUnchecked(t *testing.T) {
	f := newFixture(t)
	pair := f.inStep(1)
	f.spies(func(domain.Pair, int) {
		if err := f.Store.Ring(t.Context(), f.Now, store.Ring{Pair: pair, Cause: store.Cause{Kind: store.Swept}}); err != nil {
			t.Error(err)
		}
	})
	run := f.run(store.Run{Scope: store.ScopePairs}, pair)
	require.Equal(t, store.Failed, run.Status)
	require.Equal(t, store.Column{Ours: 1, Theirs: 1, Union: 1}, run.Counts.Buckets[store.Unchecked])
	require.Equal(t, 2, f.waits)
	require.Equal(t, store.Unchecked, f.living(pair).Bucket)
}

// What staff changed lately is on its way: it is no difference until it has been for long.
func TestPending_isUncheckedUntilItHasBeenForLong(t *testing.T) {
	f := newFixture(t)
	pair := pairOf(1)
	f.Now = time.Now().In(f.Now.Location())
	f.staffOpens(pair)
	run := f.run(store.Run{Scope: store.ScopePairs, AllowUnchecked: true}, pair)
	require.Equal(t, store.Column{Ours: 1, Union: 1}, run.Counts.Buckets[store.Unchecked])
	living, err := f.Store.Living(t.Context(), pair)
	require.NoError(t, err)
	require.Empty(t, living, "it is no difference yet")

	f.Now = f.Now.Add(pending + time.Minute)
	run = f.run(store.Run{Scope: store.ScopePairs}, pair)
	require.Equal(t, store.Column{Ours: 1, Union: 1}, run.Counts.Buckets[store.OnlyHere])
	require.Equal(t, turn.LostMessage, f.living(pair).Cause)
}

func TestTouched_isWhatEitherSideChangedSinceTheLastRunBegan(t *testing.T) {
	f := newFixture(t)
	ours, theirs := f.inStep(1), f.inStep(2)
	f.inStep(3)
	require.Equal(t, 3, f.run(store.Run{Scope: store.ScopeTouched}).Counts.Pairs, "before the first run everything was touched")
	require.Equal(t, 0, f.run(store.Run{Scope: store.ScopeTouched}).Counts.Pairs)
	f.staffAmends(ours, "Changed")
	f.Now = f.Now.Add(time.Minute)
	require.NoError(t, f.Store.Ring(t.Context(), f.Now,
		store.Ring{Pair: theirs, Cause: store.Cause{Kind: store.NOMISUpserted, ID: "m"}}, store.Ring{Pair: pairOf(3), Cause: store.Cause{Kind: store.Swept}}))
	run := f.run(store.Run{Scope: store.ScopeTouched})
	require.Equal(t, store.Completed, run.Status)
	require.Equal(t, 2, run.Counts.Pairs)
	require.Equal(t, 2, run.Counts.Total.Union)
}

func TestScheduled_ringsForEachPairInWhichItFindsAStep(t *testing.T) {
	f := newFixture(t)
	f.inStep(1)
	f.nomisOpens(pairOf(2), "2021-07-05")
	var err error
	f.options.Schedule, err = reconcile.ParseSchedule("30 2 * * 2")
	require.NoError(t, err)
	f.Now = time.Date(2027, 1, 5, 2, 29, 0, 0, f.Now.Location()) // a Tuesday
	stop := running(t, reconcile.NewRunner(f.options).Run)
	f.ended(f.request(store.Run{Scope: store.ScopePairs}, pairOf(3)))
	_, err = f.Store.LastScheduled(t.Context())
	require.ErrorIs(t, err, store.ErrNoReconciliation, "it is not yet due")
	stop()

	f.request(store.Run{Scope: store.ScopePairs, Scheduled: true}, pairOf(3))
	f.Now = f.Now.Add(time.Minute)
	stop = running(t, reconcile.NewRunner(f.options).Run)
	var run store.Run
	require.Eventually(t, func() bool {
		run, err = f.Store.LastCompleted(t.Context())
		return err == nil
	}, patience, poll)
	stop()
	require.True(t, run.Scheduled)
	due, err := f.Store.Get(t.Context(), pairOf(2))
	require.NoError(t, err)
	require.Equal(t, store.Reconciliation, due.Causes[0].Kind)
	_, err = f.Store.Get(t.Context(), pairOf(1))
	require.ErrorIs(t, err, store.ErrNotDue)
}

func TestBrake_keepsARunWaiting(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.Store.SetBrake(t.Context(), f.Now, "NOMIS looks restored."))
	id := f.request(store.Run{Scope: store.ScopePairs}, pairOf(1))
	beaten := make(chan struct{}, 100)
	f.options.Beat = func(error) {
		select {
		case beaten <- struct{}{}:
		default:
		}
	}
	stop := running(t, reconcile.NewRunner(f.options).Run)
	for range 3 {
		<-beaten
	}
	run, err := f.Store.Reconciliation(t.Context(), id)
	require.NoError(t, err)
	require.True(t, run.StartedAt.IsZero())
	require.NoError(t, f.Store.ReleaseBrake(t.Context(), store.Release{At: f.Now, From: store.FromDPS, Reason: "x", By: "OPERATOR"}))
	require.Equal(t, store.Completed, f.ended(id).Status)
	stop()
}

// A merge that NOMIS names and that was not followed here explains both ends.
func TestCause_ofAMergeThatWasMissed(t *testing.T) {
	f := newFixture(t)
	removed := f.inStep(1)
	numbers := removed.Numbers()
	f.There(http.MethodPost, "/staff/merges", map[string]any{"from": numbers[0], "to": "A9999ZZ"})
	retained, err := domain.NewPair("A9999ZZ", numbers[1])
	require.NoError(t, err)
	f.run(store.Run{Scope: store.ScopeAll})
	require.Equal(t, turn.MergeMissed, f.living(removed).Cause)
	require.Equal(t, turn.MergeMissed, f.living(retained).Cause)
}

func TestCause_ofABookingThatWasDeleted(t *testing.T) {
	f := newFixture(t)
	pair := f.inStep(1)
	f.there(http.MethodDelete, pair, 1, nil)
	require.NoError(t, f.Store.Remember(t.Context(), store.PrisonerMessage{
		Prisoner: pair.Numbers()[1], ReceivedAt: f.Now, MessageID: "m", Kind: store.BookingDeleted,
	}))
	f.run(store.Run{Scope: store.ScopePairs}, pair)
	require.Equal(t, turn.BookingDeleted, f.living(pair).Cause)
	f.turn(pair)
	require.Equal(t, turn.BookingDeleted, f.living(pair).Cause, "a turn, which does not ask for it, keeps it")
}

func TestSchedule_isRefusedWhenItIsNone(t *testing.T) {
	for _, text := range []string{"", "x", "61 2 * * *", "* * * *"} {
		_, err := reconcile.ParseSchedule(text)
		require.Error(t, err, text)
	}
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	schedule, err := reconcile.ParseSchedule(reconcile.DefaultSchedule)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 7, 7, 2, 30, 0, 0, london), schedule.Next(time.Date(2026, 7, 1, 12, 0, 0, 0, london)))
}
