package migration_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// appends counts what is appended, and does something after some of it.
type appends struct {
	turn.Record

	count atomic.Int64
	after int64
	then  func() error
}

func (a *appends) ExecutePlanned(ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command, revision int64) (commands.Executed, error) {
	executed, err := a.Record.ExecutePlanned(ctx, by, pair, command, revision)
	if err == nil && a.count.Add(1) >= a.after {
		return executed, a.then()
	}
	return executed, err
}

// A process that is killed may have appended what it has not counted.
func TestRun_thatIsKilledGoesOnWhereItWas(t *testing.T) {
	f := newFixture(t)
	f.stock(40)
	id := f.start(migration.Order{})
	for range 3 {
		cut := make(chan struct{}, 40)
		killed := &appends{Record: f.Commands, after: 9, then: func() error {
			cut <- struct{}{}
			return errors.New("the process was killed")
		}}
		stop := f.runner(func(o *migration.Options) {
			o.Turns.Record = killed
			o.Pause = func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }
		})
		<-cut
		stop()
		run := f.get(id)
		require.True(t, run.IsAtWork())
		require.Less(t, run.Counts.Total, 40)
	}
	f.runner()
	f.isWhole(f.ended(id))
}

func TestCancel_takesNoNewPairsAndKeepsWhatIsDone(t *testing.T) {
	f := newFixture(t)
	f.stock(60)
	id := f.start(migration.Order{})
	cancels := &appends{Record: f.Commands, after: 9, then: func() error { return f.runs.Cancel(context.Background(), id) }}
	stop := f.runner(func(o *migration.Options) { o.Turns.Record, o.InFlight = cancels, 2 })
	run := f.ended(id)
	stop()
	require.Equal(t, store.MigrationCancelled, run.Status)
	require.Equal(t, 60, run.Counts.Known)
	require.GreaterOrEqual(t, run.Counts.Total, 9)
	require.Less(t, run.Counts.Total, 60)
	require.Equal(t, run.Counts.Items.Created, f.imported(run), "what is done is counted")
	require.NoError(t, f.runs.Cancel(t.Context(), id), "again")
	require.Equal(t, run, f.get(id))
	next := f.carries(migration.Order{})
	require.Equal(t, store.MigrationCompleted, next.Status)
	require.Equal(t, 60, next.Counts.Created+run.Counts.Created)
}

func TestCancel_endsARunThatNobodyHasBegun(t *testing.T) {
	f := newFixture(t)
	f.stock(3)
	id := f.start(migration.Order{})
	require.NoError(t, f.runs.Cancel(t.Context(), id))
	_, err := f.runs.Start(t.Context(), migration.Order{})
	require.ErrorIs(t, err, migration.ErrAtWork, "it has not ended yet")
	f.runner()
	require.Equal(t, store.MigrationCancelled, f.ended(id).Status)
	require.Empty(t, f.Writes())
}

func TestCancel_endsARunThatIsHeld(t *testing.T) {
	f := newFixture(t)
	f.stock(3)
	require.NoError(t, f.Store.SetBrake(t.Context(), f.Now, "NOMIS looks restored."))
	id := f.start(migration.Order{})
	f.runner()
	require.NoError(t, f.runs.Cancel(t.Context(), id))
	require.Equal(t, store.MigrationCancelled, f.ended(id).Status)
}

// The lease makes one runner work, but a lease can be lost unnoticed.
func TestRunners_atTheSameTimeDoNothingTwice(t *testing.T) {
	f := newFixture(t)
	f.stock(40)
	id := f.start(migration.Order{})
	for range 3 {
		f.runner(func(o *migration.Options) {
			o.Exclusively = func(ctx context.Context, do func(context.Context)) error { do(ctx); return nil }
		})
	}
	f.isWhole(f.ended(id))
}

func TestPair_onWhichATurnWorksIsTakenLater(t *testing.T) {
	f := newFixture(t)
	f.stock(5)
	locks, err := store.OpenPairLocks(t.Context(), f.DSN)
	require.NoError(t, err)
	defer locks.Close()
	pair, err := domain.ParsePair("A0001AA_B0001BB")
	require.NoError(t, err)
	locked, err := locks.TryLock(t.Context(), pair)
	require.NoError(t, err)
	require.True(t, locked)
	id := f.start(migration.Order{})
	var passes atomic.Int64
	f.runner(func(o *migration.Options) {
		o.Pause = func(ctx context.Context, _ time.Duration) error { passes.Add(1); return ctx.Err() }
	})
	f.eventually(id, func(migration.Run) bool { return passes.Load() > 3 })
	require.Equal(t, 4, f.get(id).Counts.Total, "however often it is tried")
	locks.Unlock(t.Context(), pair)
	f.isWhole(f.ended(id))
}

func TestRunner_whoseSessionIsKilledGoesOn(t *testing.T) {
	f := newFixture(t)
	f.stock(40)
	id := f.start(migration.Order{})
	kills := &appends{Record: f.Commands, after: 20}
	kills.then = func() error {
		if kills.count.Load() == kills.after {
			f.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'nonassociations nomis pairs' AND datname = current_database()`)
		}
		return nil
	}
	f.runner(func(o *migration.Options) { o.Turns.Record = kills })
	f.isWhole(f.ended(id))
}
