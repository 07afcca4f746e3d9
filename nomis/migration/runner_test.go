package migration_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/circle"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// What NOMIS's own tables say, asked without any of the code that is tested.
const (
	pairsThere   = `SELECT count(*) FROM nomisapi.offender_non_associations WHERE offender_id < ns_offender_id`
	detailsThere = `SELECT count(*) FROM nomisapi.offender_na_details WHERE offender_id < ns_offender_id`
	// All open ones of a pair but one are ignored.
	ignoredThere = `SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) n FROM nomisapi.offender_na_details
		WHERE offender_id < ns_offender_id AND ns_expiry_date IS NULL GROUP BY offender_id, ns_offender_id) open`
)

// imported counts the facts of a run, and requires that each record has one.
func (f *fixture) imported(run migration.Run) int {
	f.t.Helper()
	events, err := f.Log.ReadAll(f.t.Context(), eventstore.Forwards, eventstore.Start, 1_000_000)
	require.NoError(f.t, err)
	n := 0
	for _, recorded := range events {
		fact, err := eventstore.Read(domain.Events(), recorded)
		require.NoError(f.t, err)
		if fact.Meta.CorrelationID != run.ID {
			continue
		}
		require.Equal(f.t, domain.Migration, fact.Meta.Source)
		require.NotEqual(f.t, run.ID, fact.Meta.CommandID)
		if _, is := fact.Event.(domain.Imported); is {
			require.Equal(f.t, "STAFF", fact.Meta.Actor)
			n++
		}
	}
	return n
}

// isWhole requires that a run counts what NOMIS's tables hold, and that each is here once.
func (f *fixture) isWhole(run migration.Run) {
	f.t.Helper()
	pairs, ignored := f.number(pairsThere), f.number(ignoredThere)
	created := f.number(detailsThere) - ignored
	require.Equal(f.t, store.MigrationCompleted, run.Status)
	require.Equal(f.t, store.MigrationCounts{
		Known: pairs, Total: pairs, Created: pairs, Items: store.ItemCounts{Created: created, Ignored: ignored},
	}, run.Counts)
	require.Positive(f.t, run.Requests)
	if !run.DryRun {
		require.Equal(f.t, created, f.imported(run))
	}
}

func TestRun_countsWhatNOMISHolds(t *testing.T) {
	f := newFixture(t)
	f.stock(30)
	run := f.carries(migration.Order{})
	f.isWhole(run)
	require.Equal(t, 30, run.Estimated)
	require.Equal(t, 2, run.Sweeps, "the second one brings nothing new")
	require.Equal(t, "2026-07-15T12:00:00", run.Label)
	require.Equal(t, "OPERATOR", run.RequestedBy)

	again := f.carries(migration.Order{})
	require.Equal(t, store.MigrationCounts{
		Known: 30, Total: 30, Unchanged: 27, Ignored: 3, Items: store.ItemCounts{Unchanged: run.Counts.Items.Created, Ignored: 3},
	}, again.Counts)
	require.Zero(t, f.imported(again))
}

func TestDryRun_writesNothingAndCountsAsTheRunDoes(t *testing.T) {
	f := newFixture(t)
	f.stock(20)
	dry := f.carries(migration.Order{DryRun: true})
	f.isWhole(dry)
	events, err := f.Log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Empty(t, events)
	require.Zero(t, f.number(`SELECT (SELECT count(*) FROM nomis.due_pair) + (SELECT count(*) FROM nomis.difference)`))
	run := f.carries(migration.Order{})
	require.Equal(t, dry.Counts, run.Counts)
	f.isWhole(run)
}

// One Sync has at most 99 details: a pair with more of them needs several.
func TestDryRun_ofAPairWithVeryManyDetails(t *testing.T) {
	f := newFixture(t)
	var details []nomisapi.Record
	for sequence := 1; sequence <= 150; sequence++ {
		r, day := one(1, sequence), f.Now.AddDate(0, -7, -sequence).Format(time.DateOnly)
		r.EffectiveDate, r.ExpiryDate = day, &day
		details = append(details, r)
	}
	f.fill(details...)
	dry, run := f.carries(migration.Order{DryRun: true}), f.carries(migration.Order{})
	require.Equal(t, store.ItemCounts{Created: 150}, run.Counts.Items)
	require.Equal(t, dry.Counts, run.Counts)
	require.Equal(t, 150, f.imported(run))
}

func TestPairs_thatAreListedTwiceAndEitherWayRoundCountOnce(t *testing.T) {
	f := newFixture(t)
	f.stock(10)
	f.pages = func(_ int, content []listed) []listed {
		for _, pair := range slices.Clone(content) {
			content = append(content, pair, listed{pair.OffenderNo2, pair.OffenderNo1})
		}
		return content
	}
	f.isWhole(f.carries(migration.Order{}))
}

func TestSweep_findsWhatMovingPagesHide(t *testing.T) {
	f := newFixture(t)
	f.stock(19)
	f.Fault("moving-pages", 1000)
	run := f.carries(migration.Order{})
	require.Equal(t, 3, run.Sweeps, "the second one found what the first one missed")
	f.isWhole(run)
}

func TestSweep_endsWithTheFifth(t *testing.T) {
	f := newFixture(t)
	f.stock(2)
	sweeps := 0
	f.pages = func(number int, content []listed) []listed {
		if number == 0 {
			sweeps++
			content = append(content, listed{one(100+sweeps, 1).OffenderNo, one(100+sweeps, 1).NSOffenderNo})
		}
		return content
	}
	run := f.carries(migration.Order{})
	require.Equal(t, 5, run.Sweeps)
	require.Equal(t, 5, run.Counts.Unreadable, "NOMIS lists them and does not have them")
	require.Equal(t, 2, run.Counts.Created)
}

// A pair that rang is the bell's: a NOMIS at work does not keep the run from its end.
func TestSweep_aPairThatRangIsNotNew(t *testing.T) {
	f := newFixture(t)
	f.stock(2)
	sweeps := 0
	f.pages = func(number int, content []listed) []listed {
		if number == 0 {
			if sweeps++; sweeps == 2 {
				f.NOMISOpen("2021-07-05")
				_ = f.Store.Ring(context.Background(), f.Now, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.NOMISUpserted, ID: "m"}})
				content = append(content, listed{string(circle.Pair.Numbers()[0]), string(circle.Pair.Numbers()[1])})
			}
		}
		return content
	}
	run := f.carries(migration.Order{})
	require.Equal(t, 2, run.Sweeps)
	require.Equal(t, 3, run.Counts.Created, "it is taken all the same")
}

// appends counts what is appended, and may cut a runner off right after one.
type appends struct {
	turn.Record

	count atomic.Int64
	after int64
	cut   func()
}

func (a *appends) ExecutePlanned(ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command, revision int64) (commands.Executed, error) {
	executed, err := a.Record.ExecutePlanned(ctx, by, pair, command, revision)
	if err == nil && a.count.Add(1) >= a.after {
		a.cut()
		return executed, errors.New("the process was killed")
	}
	return executed, err
}

// A process that is killed may have appended what it has not counted.
func TestRun_thatIsKilledGoesOnWhereItWas(t *testing.T) {
	f := newFixture(t)
	f.stock(40)
	id := f.start(migration.Order{})
	for range 3 {
		killed := &appends{Record: f.Commands, after: 9}
		stopped := make(chan struct{})
		killed.cut = func() {
			select {
			case stopped <- struct{}{}:
			default:
			}
		}
		stop := f.runner(func(o *migration.Options) {
			o.Turns.Record = killed
			o.Pause = func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }
		})
		<-stopped
		stop()
		run := f.get(id)
		require.True(t, run.IsAtWork())
		require.Less(t, run.Counts.Total, 40)
	}
	f.runner()
	f.isWhole(f.ended(id))
}
