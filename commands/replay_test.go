package commands_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

func TestRepeat_answersAsTheFirstDid(t *testing.T) {
	d := newStaffFixture(t)
	first := d.does(opening(t, "Apart", "k"))
	d.does(amending(first.NonAssociation.ID, "Changed by somebody else", ""))
	d.directory.err, d.now = errDown, noon.AddDate(0, 0, 3)

	again := d.does(opening(t, "Apart", "k"))
	require.True(t, first.At.Equal(again.At))
	again.At = first.At
	require.Equal(t, first, again)
	require.Len(t, d.facts(), 2)
	require.EqualValues(t, 1, d.directory.asked.Load())
}

func TestRepeat_ofWhatChangedNothingAnswersAsItWas(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	first := d.does(amending(id, "Apart", "k"))
	d.does(amending(id, "Changed by somebody else", ""))
	again := d.does(amending(id, "Apart", "k"))
	require.Equal(t, first.NonAssociation, again.NonAssociation)
	require.Equal(t, first.Position, again.Position)
	require.Len(t, d.facts(), 2)
}

func TestKey_forAnotherRequestIsRefused(t *testing.T) {
	d := newStaffFixture(t)
	d.does(opening(t, "Apart", "k"))
	_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Other words", "k"))
	require.ErrorIs(t, err, commands.ErrOtherRequest)
	require.Len(t, d.facts(), 1)
}

func TestRefusal_freesTheKey(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	require.Equal(t, domain.CodeOpenExists, d.refused(opening(t, "Apart", "k")))
	d.does(amending(id, "The key may be used for anything", "k"))

	stale := amending(id, "x", "stale")
	stale.IfMatch = domain.FactsSeen{uuid.New()}
	require.Equal(t, domain.CodeStale, d.refused(stale))
	require.Equal(t, domain.CodeNotFound, d.refused(amending(uuid.New(), "y", "stale")))
	d.does(amending(id, "z", "stale"))
}

func TestRefusal_isAnsweredOnlyWhenItsKeyIsFree(t *testing.T) {
	d := newStaffFixture(t)
	d.does(opening(t, "Apart", ""))
	d.keys.free = errDown
	_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", "k"))
	require.ErrorIs(t, err, commands.ErrBusy)
	d.keys.free = nil
	require.Equal(t, domain.CodeOpenExists, d.refused(opening(t, "Apart", "k")))
}

func TestKeysAway_nothingIsWritten(t *testing.T) {
	d := newStaffFixture(t)
	d.keys.claim = errDown
	_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", "k"))
	require.ErrorIs(t, err, commands.ErrBusy)
	require.Empty(t, d.facts())
	d.does(opening(t, "Apart", ""))
}

func TestAnswerThatWasNotKept_isFoundInTheStream(t *testing.T) {
	d := newStaffFixture(t)
	d.keys.keep = errDown
	first := d.does(opening(t, "Apart", "k"))
	d.directory.err = errDown
	for range 2 {
		again := d.does(opening(t, "Apart", "k"))
		require.Equal(t, first.NonAssociation, again.NonAssociation)
		require.Equal(t, first.Revision, again.Revision)
		d.keys.keep = nil
	}
	require.Len(t, d.facts(), 1)
}

// crashed runs an act whose append is written and whose answer is lost.
func (d *staffFixture) crashed(act commands.StaffCommand) {
	d.t.Helper()
	ctx, leave := context.WithCancel(d.t.Context())
	defer leave()
	d.log.after = func(int) error { leave(); return eventstore.ErrUnavailable }
	_, err := d.process(time.Minute).Staff(ctx, domaintest.NewCause(domain.DPS), act)
	require.ErrorIs(d.t, err, context.Canceled)
	d.log.after = func(int) error { return nil }
}

func TestLostAnswer_isGivenByTheRepeat(t *testing.T) {
	d := newStaffFixture(t)
	d.crashed(opening(t, "Apart", "open"))
	d.directory.err = errDown
	opened := d.does(opening(t, "Apart", "open"))
	require.Equal(t, "Apart", *opened.NonAssociation.Comment)
	require.NotZero(t, opened.Position)
	id := opened.NonAssociation.ID

	closing := commands.StaffCommand{Key: keyOf("close", "c"), ID: id, Command: domain.Close{ID: id, ClosedReason: "Friends"}}
	d.crashed(closing)
	d.does(commands.StaffCommand{ID: id, Command: domain.Reopen{ID: id, ReopenReason: "Not quite"}})
	require.Equal(t, "Friends", d.does(closing).NonAssociation.ClosedReason, "what came later does not matter")
	require.Len(t, d.facts(), 3)

	deleting := commands.StaffCommand{Key: keyOf("delete", "d"), ID: id, Command: domain.Delete{ID: id, DeletionReason: "Wrong"}}
	d.crashed(deleting)
	require.True(t, d.does(deleting).NonAssociation.Deleted)
	require.Equal(t, domain.CodeNotFound, d.refused(commands.StaffCommand{ID: id, Command: domain.Delete{ID: id, DeletionReason: "Wrong"}}))
	require.Len(t, d.facts(), 4)
}

func TestLostAppend_isMadeByTheRepeat(t *testing.T) {
	d := newStaffFixture(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	d.log.before = func(int) error { leave(); return eventstore.ErrUnavailable }
	_, err := d.process(time.Minute).Staff(ctx, domaintest.NewCause(domain.DPS), opening(t, "Apart", "k"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Other words", "k"))
	require.ErrorIs(t, err, commands.ErrOtherRequest, "the key stays")
	d.log.before = func(int) error { return nil }
	d.does(opening(t, "Apart", "k"))
	require.Len(t, d.facts(), 1)
}

func TestLostAnswer_isFoundAfterAMerge(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	closing := commands.StaffCommand{Key: keyOf("close", "c"), ID: id, Command: domain.Close{ID: id, ClosedReason: "Friends"}}
	d.crashed(closing)
	const survivor domain.PrisonerNumber = "S1111SS"
	process := merge.New(merge.Options{Log: d.log, Handler: d.Handler, Clock: clock})
	_, err := process.Apply(t.Context(), domaintest.NewCause(domain.Merge), merge.Message{
		Renumbering: domain.Renumbering{Previous: low, Number: survivor, Reason: domain.ByMerge},
	}, pairs{d.log})
	require.NoError(t, err)
	size := len(facts(t, d.log, domaintest.PairOf(survivor, high)))

	receipt := d.does(closing)
	require.Equal(t, domaintest.PairOf(low, high), receipt.Pair, "as it was when it was closed")
	require.Equal(t, "Friends", receipt.NonAssociation.ClosedReason)
	require.Equal(t, receipt.NonAssociation, d.does(closing).NonAssociation, "and from what was kept")
	require.Len(t, facts(t, d.log, domaintest.PairOf(survivor, high)), size)
}

// meeting lets two processes load before either appends.
type meeting struct {
	eventstore.Store
	loaded  chan struct{}
	allowed chan struct{}
}

func (m *meeting) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	m.loaded <- struct{}{}
	<-m.allowed
	return m.Store.AppendMany(ctx, appends)
}

func TestConcurrentRepeat_inAnotherProcessAnswersTheSame(t *testing.T) {
	d := newStaffFixture(t)
	m := &meeting{d.log.Store, make(chan struct{}), make(chan struct{})}
	receipts, act := make(chan commands.Receipt, 2), opening(t, "Apart", "k")
	for i := range 2 {
		process := commands.New(m, commands.Options{
			Clock:   func() time.Time { return noon.Add(time.Duration(i) * time.Minute) },
			Locator: routes{pairs{d.log}}, Directory: d.directory, Keys: d.keys,
		})
		go func() {
			receipt, _ := process.Staff(context.WithoutCancel(t.Context()), domaintest.NewCause(domain.DPS), act)
			receipts <- receipt
		}()
	}
	<-m.loaded
	<-m.loaded // both have decided, each by its own clock
	close(m.allowed)
	one, other := <-receipts, <-receipts
	require.NotEqual(t, uuid.Nil, one.NonAssociation.ID)
	require.Equal(t, one.NonAssociation, other.NonAssociation)
	require.Equal(t, one.Revision, other.Revision)
	require.Len(t, d.facts(), 1)
}
