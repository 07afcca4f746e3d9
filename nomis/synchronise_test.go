package nomis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// noWait waits for nothing.
func noWait(context.Context, time.Duration) error { return nil }

// written is all that is stored about the pair, here and in NOMIS.
type written struct {
	facts   int
	calls   []string
	living  []store.Difference
	due     store.DuePair
	ringing bool
}

func writtenBy(t *testing.T, c *circle.Circle) written {
	t.Helper()
	due, err := c.Store.Get(t.Context(), circle.Pair)
	if !errors.Is(err, store.ErrNotDue) {
		require.NoError(t, err)
	}
	return written{len(c.Facts()), c.Writes(), c.Living(), due, err == nil}
}

// synchronises takes the turn of the pair, which must succeed.
func synchronises(t *testing.T, d *nomis.Dossiers) nomis.Synchronised {
	t.Helper()
	done, err := d.Synchronise(t.Context(), circle.Pair, false)
	require.NoError(t, err)
	return done
}

// isNotNow requires that no turn was taken, with why.
func isNotNow(t *testing.T, err error, why string) {
	t.Helper()
	var not *nomis.NotNowError
	require.ErrorAs(t, err, &not)
	require.Contains(t, not.Why, why)
}

func TestSynchronise_takesTheTurnAndLeavesNoRow(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	c.StaffOpen()
	rings(t, c)
	before := writtenBy(t, c)
	tried, err := d.Synchronise(t.Context(), circle.Pair, true)
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(tried.Steps))
	require.Equal(t, tried.Steps, tried.Dossier.Plan.Steps)
	require.Equal(t, before, writtenBy(t, c), "a dry run writes nothing")

	done := synchronises(t, d)
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(done.Steps))
	require.Empty(t, done.Dossier.Plan.Steps)
	require.Len(t, done.Dossier.Theirs.Forwards, 1)
	require.Nil(t, done.Dossier.Ours[0].Delivery.DiffersSince)
	require.Len(t, done.Dossier.Mapping, 1)
	require.False(t, writtenBy(t, c).ringing)
	facts := c.Facts()
	require.Equal(t, nomis.CommandID("message"), facts[len(facts)-1].Meta.CorrelationID, "the message that rang is its cause")
	require.Equal(t, "NON_ASSOCIATIONS_API", facts[len(facts)-1].Meta.Actor)
	c.IsQuiet()

	require.Empty(t, synchronises(t, d).Steps)
	require.False(t, writtenBy(t, c).ringing)
	require.Len(t, c.Facts(), len(facts), "nothing was left to do")
}

// A turn that failed is taken again by whoever takes the turns of the bell.
func TestSynchronise_thatFailsLeavesTheTurnToTheBell(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	c.StaffOpen()
	c.Fault("answer-lost", 1)
	_, err := d.Synchronise(t.Context(), circle.Pair, false)
	isNotNow(t, err, npa.WhyAway)
	left := writtenBy(t, c)
	require.True(t, left.ringing)
	require.False(t, c.Now.Before(left.due.NotBefore), "it is due")
	require.Equal(t, []store.Cause{{Kind: store.Asked}}, left.due.Causes)
	worker(t, c)
	isSettled(t, c)
	c.IsQuiet()
	require.Equal(t, []string{"POST"}, c.Writes())

	c.Fault("error-503", 4)
	_, err = d.Synchronise(t.Context(), circle.Pair, true)
	isNotNow(t, err, npa.WhyAway)
}

func TestSynchronise_isRefusedWhileTheBrakeIsOn(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	c.StaffOpen()
	require.NoError(t, c.Store.SetBrake(t.Context(), c.Now, "NOMIS looks restored."))
	before := writtenBy(t, c)
	_, err := d.Synchronise(t.Context(), circle.Pair, false)
	isNotNow(t, err, "looks restored")
	require.ErrorIs(t, err, turn.ErrBraked)
	require.Equal(t, before, writtenBy(t, c), "nothing is begun")
	require.Len(t, dossier(t, c, d).Plan.Steps, 1, "it can be looked at")
}

func TestSynchronise_waitsForTheLockOfThePair(t *testing.T) {
	c := circle.New(t)
	waits := 0
	d := dossiers(t, c, func(o *nomis.DossiersOptions) {
		o.Locks = store.NewLockSessions(c.DSN, func(context.Context, time.Duration) error { waits++; return nil })
		t.Cleanup(o.Locks.Close)
	})
	c.StaffOpen()
	others, err := store.OpenPairLocks(t.Context(), c.DSN)
	require.NoError(t, err)
	defer others.Close()
	locked, err := others.TryLock(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.True(t, locked)
	before := writtenBy(t, c)
	_, err = d.Synchronise(t.Context(), circle.Pair, false)
	isNotNow(t, err, "Another turn works on the pair")
	require.Positive(t, waits)
	require.Equal(t, before, writtenBy(t, c))
	require.Len(t, dossier(t, c, d).Plan.Steps, 1, "reading needs no lock")
	others.Unlock(t.Context(), circle.Pair)
	require.Len(t, synchronises(t, d).Steps, 1)
}

// losing are rules that end the session of the locks when they are asked.
type losing struct {
	turn.Rules

	lose func()
}

func (l losing) OutboundAllowed(ctx context.Context) (bool, error) {
	l.lose()
	return l.Rules.OutboundAllowed(ctx)
}

func TestSynchronise_writesNothingWithoutItsLock(t *testing.T) {
	c := circle.New(t)
	conn, err := pgx.Connect(t.Context(), c.DSN)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	d := dossiers(t, c, func(o *nomis.DossiersOptions) {
		o.Turns.Rules = losing{o.Turns.Rules, func() {
			_, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
				WHERE datname = current_database() AND application_name = 'nonassociations nomis pairs'`)
			require.NoError(t, err)
		}}
	})
	c.StaffOpen()
	_, err = d.Synchronise(t.Context(), circle.Pair, false)
	isNotNow(t, err, "The lock of the pair")
	require.Empty(t, c.Writes())
	require.True(t, writtenBy(t, c).ringing)
}

func TestSynchronise_obeysTheSwitchOver(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	c.StaffOpen()
	c.Outbound = false
	require.Empty(t, synchronises(t, d).Steps)
	require.Empty(t, c.Writes())
	c.Outbound = true
	require.Len(t, synchronises(t, d).Steps, 1)

	c.Inbound = false
	c.NOMISChange(1, map[string]any{"comment": "Changed there"})
	done := synchronises(t, d)
	require.Empty(t, done.Steps)
	require.Equal(t, plan.ChangedAfterSwitch, done.Dossier.Plan.Problems[0].Kind)
	require.Equal(t, string(plan.ChangedAfterSwitch), done.Dossier.Differences[0].Problem)
	require.Equal(t, "Apart", *c.Items()[0].Comment)
}

// What NOMIS accepted and did not take is not sent again by itself.
func TestSynchronise_sendsOnceMoreWhatNOMISDidNotTake(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	id := c.StaffOpen()
	c.TakeTurn()
	c.Fault("text-mangled", 2)
	c.Staff(domain.Amend{ID: id, Comment: new("Apart — at “all” times")})
	c.TakeTurn()
	require.Empty(t, c.TakeTurn())
	found := dossier(t, c, d)
	require.Empty(t, found.Plan.Steps)
	require.Equal(t, plan.NotTaken, found.Plan.Problems[0].Kind)
	require.Equal(t, []string{"POST", "PUT"}, c.Writes())

	tried, err := d.Synchronise(t.Context(), circle.Pair, true)
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Put}, circle.Actions(tried.Steps))
	done := synchronises(t, d)
	require.Equal(t, []plan.Action{plan.Put}, circle.Actions(done.Steps), "once")
	require.Equal(t, plan.NotTaken, done.Dossier.Plan.Problems[0].Kind)
	require.Equal(t, string(plan.NotTaken), done.Dossier.Differences[0].Problem)
	require.Empty(t, c.TakeTurn())
	require.Len(t, synchronises(t, d).Steps, 1)
	c.IsQuiet()
	require.Equal(t, []string{"POST", "PUT", "PUT", "PUT"}, c.Writes())
}
