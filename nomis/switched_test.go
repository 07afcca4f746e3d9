package nomis_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// switched starts a Switched, and returns what stops it.
func switched(t *testing.T, c *circle.Circle) (stop func()) {
	t.Helper()
	s := nomis.NewSwitched(nomis.SwitchedOptions{
		Feed: audit.New(c.Log, audit.Options{London: c.Now.Location()}), Store: c.Store,
		Locks:       func(ctx context.Context) (*store.PairLocks, error) { return store.OpenPairLocks(ctx, c.DSN) },
		Exclusively: func(ctx context.Context, do func(context.Context)) error { do(ctx); return nil },
		Poll:        look, Clock: func() time.Time { return c.Now }, Logger: c.Logger,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

// followed waits until a Switched is at the end of the log.
func followed(t *testing.T, c *circle.Circle) {
	t.Helper()
	head, err := c.Commands.Head(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		at, err := c.Store.SwitchedCheckpoint(t.Context())
		return err == nil && at >= head.Uint64()
	}, workTime, look)
}

// tell is what the sync tells while inbound is not allowed.
func tell(t *testing.T, c *circle.Circle, commands ...domain.Command) {
	t.Helper()
	for _, command := range commands {
		_, err := c.Commands.Execute(t.Context(), domaintest.NewCause(domain.NOMIS), circle.Pair, domain.AsSwitched(command))
		require.NoError(t, err)
	}
}

// told is an item as the sync tells it.
func told(id uuid.UUID, sequence int, effective, comment string) domain.Sync {
	return domain.Sync{About: domaintest.Low, Items: []domain.Item{{
		ID: id, TypeSequence: sequence, DatePrecision: domain.Day, Comment: &comment, TypeCode: domain.TypeWing,
		EffectiveDate: domain.LocalDateTime(effective + "T00:00:00"),
		ReasonCodes:   map[domain.PrisonerNumber]domain.ReasonCode{domaintest.Low: domain.CodeVictim, domaintest.High: domain.CodePerpetrator},
	}}}
}

// inStep is a pair with a record that both systems hold.
func inStep(t *testing.T) (*circle.Circle, domain.NonAssociation) {
	t.Helper()
	c := circle.New(t)
	c.NOMISOpen("2021-07-05")
	c.TakeTurn()
	return c, c.Items()[0]
}

func TestSwitched_makesADifferenceOfEachFactOnce(t *testing.T) {
	c, n := inStep(t)
	ended := told(uuid.Nil, 0, "2019-01-01", "Long ago")
	ended.Items[0].ExpiryDate = &ended.Items[0].EffectiveDate
	tell(t, c, told(n.ID, 1, "2021-07-05", "Told later"), ended)
	stops := []func(){switched(t, c), switched(t, c)}
	followed(t, c)
	for _, stop := range stops {
		stop()
	}
	living := c.Living()
	require.Len(t, living, 2)
	of := map[uuid.UUID]store.Difference{}
	for _, d := range living {
		of[d.NonAssociationID] = d
		require.Equal(t, string(plan.ChangedAfterSwitch), d.Problem)
		require.Equal(t, turn.EditAfterSwitch, d.Cause)
		require.Equal(t, 1, d.Version)
	}
	changed, alone := of[n.ID], of[uuid.Nil]
	require.Equal(t, store.Differs, changed.Bucket)
	require.Equal(t, []string{"Told", "Told later"}, []string{*changed.Ours.Comment, *changed.Theirs.Comment})
	require.NotEmpty(t, changed.Fields)
	require.Equal(t, store.OnlyThere, alone.Bucket)
	require.Nil(t, alone.Ours)
	require.Equal(t, "2019-01-01", alone.Theirs.EffectiveDate)
	due, err := c.Store.Get(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.Equal(t, store.Switched, due.Causes[len(due.Causes)-1].Kind)

	switched(t, c)
	tell(t, c, told(n.ID, 1, "2021-07-05", "Told later"))
	other, err := domain.ParsePair("B1111BB_C2222CC")
	require.NoError(t, err)
	_, err = c.Commands.Execute(t.Context(), domaintest.NewCause(domain.NOMIS), other, domain.Sync{About: "B1111BB", Items: []domain.Item{{
		EffectiveDate: "2021-07-05T00:00:00", TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{"B1111BB": domain.CodeVictim, "C2222CC": domain.CodePerpetrator},
	}}}) // so that the log goes on
	require.NoError(t, err)
	followed(t, c)
	require.ElementsMatch(t, living, c.Living(), "nothing is made twice")
	require.Empty(t, c.TakeTurn())
	require.Empty(t, c.Living(), "NOMIS holds neither: they heal by themselves")
}

// What came while inbound was not allowed is taken by a person only, also when it is
// allowed by the time of the next turn.
func TestSwitched_holdsWhatNOMISTold(t *testing.T) {
	c, n := inStep(t)
	c.NOMISChange(1, map[string]any{"comment": "Told later", "expiryDate": "2022-07-05"})
	c.NOMISOpen("2023-07-05")
	both, expiry := told(n.ID, 1, "2021-07-05", "Told later"), domain.LocalDateTime("2022-07-05T00:00:00")
	both.Items[0].ExpiryDate = &expiry
	both.Items = append(both.Items, told(uuid.Nil, 0, "2023-07-05", "Told").Items...)
	tell(t, c, both)
	switched(t, c)
	followed(t, c)
	require.Empty(t, c.TakeTurn())
	require.Len(t, c.Items(), 1)
	living := c.Living()
	require.Len(t, living, 2)
	for _, d := range living {
		require.Equal(t, string(plan.ChangedAfterSwitch), d.Problem)
	}
}

func TestSwitched_deletionIsADifferenceWhileNOMISDoesNotHoldIt(t *testing.T) {
	for _, gone := range []bool{true, false} {
		c, n := inStep(t)
		tell(t, c, domain.Delete{ID: n.ID})
		if gone {
			c.NOMISDelete(1)
		}
		switched(t, c)
		followed(t, c)
		living := c.Living()
		require.Len(t, living, 1)
		require.Equal(t, store.OnlyHere, living[0].Bucket)
		require.Nil(t, living[0].Theirs)
		require.Empty(t, c.TakeTurn())
		require.False(t, c.Items()[0].Deleted)
		require.Equal(t, gone, len(c.Living()) == 1)
	}
}

// A turn that is under way makes the differences of its pair those that it has found. The
// one of the fact comes after it.
func TestSwitched_waitsForTheTurnOfItsPair(t *testing.T) {
	c, n := inStep(t)
	locks, err := store.OpenPairLocks(t.Context(), c.DSN)
	require.NoError(t, err)
	defer locks.Close()
	locked, err := locks.TryLock(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.True(t, locked)
	tell(t, c, told(n.ID, 1, "2021-07-05", "Told later"))
	tries := make(chan struct{}, 100)
	s := nomis.NewSwitched(nomis.SwitchedOptions{
		Feed: audit.New(c.Log, audit.Options{London: c.Now.Location()}), Store: c.Store,
		Locks: func(ctx context.Context) (*store.PairLocks, error) {
			tries <- struct{}{}
			return store.OpenPairLocks(ctx, c.DSN)
		},
		Exclusively: func(ctx context.Context, do func(context.Context)) error { do(ctx); return nil },
		Poll:        look, Clock: func() time.Time { return c.Now }, Logger: c.Logger,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-tries
	require.NoError(t, c.Store.Record(t.Context(), circle.Pair, c.Now, domain.Today(c.Now), uuid.Nil))
	require.Empty(t, c.Living())
	locks.Unlock(t.Context(), circle.Pair)
	followed(t, c)
	require.Len(t, c.Living(), 1)
	cancel()
	require.NoError(t, <-ended)
}

// Another log is in use: the checkpoint is beyond its end.
func TestSwitched_beginsAnewOnAnotherLog(t *testing.T) {
	c, n := inStep(t)
	require.NoError(t, c.Store.MoveSwitchedCheckpoint(t.Context(), 0, 1<<40))
	require.ErrorIs(t, c.Store.MoveSwitchedCheckpoint(t.Context(), 0, 1), store.ErrOtherCheckpoint)
	tell(t, c, told(n.ID, 1, "2021-07-05", "Told later"))
	switched(t, c)
	require.Eventually(t, func() bool { return len(c.Living()) == 1 }, workTime, look)
}
