package migration_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// held starts a runner and returns when its heartbeat names a fault.
func (f *fixture) held(fault error) {
	f.t.Helper()
	var named atomic.Bool
	f.runner(func(o *migration.Options) {
		o.Beat = func(err error) {
			if errors.Is(err, fault) {
				named.Store(true)
			}
		}
	})
	require.Eventually(f.t, named.Load, patience, look)
}

func TestRun_waitsForTheBrake(t *testing.T) {
	for _, dry := range []bool{true, false} {
		f := newFixture(t)
		f.stock(10)
		require.NoError(t, f.Store.SetBrake(t.Context(), f.Now, "NOMIS looks restored."))
		id := f.start(migration.Order{DryRun: dry})
		f.held(turn.ErrBraked)
		require.Zero(t, f.get(id).Counts.Total)
		require.NoError(t, f.Store.ReleaseBrake(t.Context(), store.Release{At: f.Now, From: store.FromNOMIS, Reason: "x", By: "OPERATOR"}))
		f.isWhole(f.ended(id))
	}
}

// While NOMIS is away nothing fails: the run waits. This includes the ten seconds of the
// circuit breaker.
func TestRun_waitsForNOMIS(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stock(10)
	f.Fault("error-503", 10_000)
	id := f.start(migration.Order{})
	f.held(npa.ErrUnavailable)
	require.True(t, f.get(id).IsAtWork())
	require.Zero(t, f.get(id).Estimated, "nobody knows yet")
	f.There(http.MethodDelete, "/faults", nil)
	f.isWhole(f.ended(id))
}

// NOMIS goes away while pairs are taken.
func TestPairs_waitForNOMIS(t *testing.T) {
	f := newFixture(t)
	f.stock(60) // far more than are at work at once
	id := f.start(migration.Order{})
	away := &appends{Record: f.Commands, after: 3}
	away.then = func() error {
		if away.count.Load() == 3 {
			f.sick.Store(60)
		}
		return nil
	}
	f.runner(func(o *migration.Options) { o.Turns.Record = away })
	f.isWhole(f.ended(id))
	require.Negative(t, f.sick.Load())
}

func TestRun_waitsUntilNOMISLetsItIn(t *testing.T) {
	f := newFixture(t)
	f.stock(10)
	f.denied.Store(true)
	id := f.start(migration.Order{})
	f.held(npa.ErrDenied)
	f.denied.Store(false)
	f.isWhole(f.ended(id))
}

// busy is a record whose log is away for its first commands.
type busy struct {
	turn.Record

	fails *atomic.Int64
}

func (b *busy) ExecutePlanned(ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command, revision int64) (commands.Executed, error) {
	if b.fails.Add(1) <= 60 {
		return commands.Executed{}, commands.ErrBusy
	}
	return b.Record.ExecutePlanned(ctx, by, pair, command, revision)
}

func TestRun_waitsForTheLog(t *testing.T) {
	f := newFixture(t)
	f.stock(10)
	id := f.start(migration.Order{})
	var fails atomic.Int64
	f.runner(func(o *migration.Options) { o.Turns.Record = &busy{Record: f.Commands, fails: &fails} })
	f.isWhole(f.ended(id))
	require.Greater(t, fails.Load(), int64(20))
}

func TestStart_isRefusedWhileARunIsAtWork(t *testing.T) {
	f := newFixture(t)
	f.stock(1)
	first := f.start(migration.Order{})
	_, err := f.runs.Start(t.Context(), migration.Order{DryRun: true})
	require.ErrorIs(t, err, migration.ErrAtWork)
	active, err := f.runs.Active(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, active.ID)
	f.runner()
	f.ended(first)
	_, err = f.runs.Active(t.Context())
	require.ErrorIs(t, err, migration.ErrNoRun)
	_, err = f.runs.Start(t.Context(), migration.Order{DryRun: true})
	require.NoError(t, err)
}

func TestRunner_ofPostgresThatIsAwayEndsWithItsContext(t *testing.T) {
	f := newFixture(t)
	var beats atomic.Int64
	stop := f.runner(func(o *migration.Options) {
		o.Exclusively = func(context.Context, func(context.Context)) error { return errors.New("connection refused") }
		o.Beat = func(err error) {
			if err != nil {
				beats.Add(1)
			}
		}
	})
	require.Eventually(t, func() bool { return beats.Load() > 2 }, patience, look)
	stop()
}
