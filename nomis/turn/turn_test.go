package turn_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

func TestTurn_writesWhatStaffDidToNOMIS(t *testing.T) {
	f := newFixture(t)
	id := f.staffOpen()
	require.Equal(t, []plan.Action{plan.Post}, f.take())
	require.Equal(t, 1, f.items()[0].TypeSequence)
	f.isQuiet()

	f.staff(domain.Amend{ID: id, Comment: ptr("Other words")})
	require.Equal(t, []plan.Action{plan.Put}, f.take())
	f.isQuiet()
	f.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Equal(t, []plan.Action{plan.Put}, f.take())
	f.isQuiet()
	f.staff(domain.Reopen{ID: id, ReopenReason: "Again"})
	require.Equal(t, []plan.Action{plan.Put}, f.take())
	f.isQuiet()
	f.staff(domain.Delete{ID: id})
	require.Equal(t, []plan.Action{plan.Remove}, f.take())
	f.isQuiet()
	require.Equal(t, []string{"POST", "PUT", "PUT", "PUT", "DELETE"}, f.writes())
	for _, fact := range f.facts() {
		switch fact.Event.(type) {
		case domain.Delivered, domain.SequenceLearned, domain.SequenceReleased:
			require.Equal(t, "NON_ASSOCIATIONS_API", fact.Meta.Actor)
			require.Equal(t, domain.NOMIS, fact.Meta.Source)
			require.Equal(t, low, fact.Meta.About)
		default:
		}
	}
}

func ptr[T any](value T) *T { return &value }

func TestTurn_takesOverWhatNOMISDid(t *testing.T) {
	f := newFixture(t)
	sequence := f.nomisOpen("2021-07-05")
	require.Equal(t, []plan.Action{plan.Take}, f.take())
	require.Equal(t, domain.CodeVictim, f.items()[0].Sides[low].ReasonCode)
	require.Equal(t, "STAFF", f.items()[0].UpdatedBy)
	f.isQuiet()
	f.nomisChange(sequence, map[string]any{"comment": "Changed", "expiryDate": "2026-07-01", "updatedBy": "OTHER"})
	require.Equal(t, []plan.Action{plan.Take}, f.take())
	require.True(t, f.items()[0].IsClosed(today))
	require.Equal(t, "OTHER", f.items()[0].UpdatedBy)
	f.isQuiet()
	require.Empty(t, f.writes())
}

func TestTurn_ofAnOldOneAndANewOneClosesBeforeItCreates(t *testing.T) {
	f := newFixture(t)
	f.nomisOpen("2021-07-05")
	f.take()
	f.staff(domain.Close{ID: f.items()[0].ID, ClosedReason: "Friends"})
	f.staffOpen()
	require.Equal(t, []plan.Action{plan.Put, plan.Post}, f.take())
	f.isQuiet()
}

// A POST takes no expiry date: the put follows.
func TestTurn_createsAClosedOneWithItsDate(t *testing.T) {
	f := newFixture(t)
	id := f.staffOpen()
	f.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Equal(t, []plan.Action{plan.Post, plan.Put}, f.take())
	f.isQuiet()
}

// The answer to a write is lost: the next turn finds what is there, and repeats nothing.
func TestTurn_findsWhatALostAnswerLeft(t *testing.T) {
	f := newFixture(t)
	id := f.staffOpen()
	f.fault("answer-lost", 1)
	_, err := f.Take(t.Context(), pair, turn.Why{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
	require.Equal(t, []plan.Action{plan.Learn, plan.Confirm}, f.take())
	f.isQuiet()
	require.Equal(t, []string{"POST"}, f.writes())

	f.staff(domain.Amend{ID: id, Comment: ptr("Other words")})
	f.fault("answer-lost", 1)
	_, err = f.Take(t.Context(), pair, turn.Why{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
	require.Equal(t, []plan.Action{plan.Confirm}, f.take())
	f.isQuiet()

	f.staff(domain.Delete{ID: id})
	f.fault("answer-lost", 1)
	_, err = f.Take(t.Context(), pair, turn.Why{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
	require.Equal(t, []plan.Action{plan.Release}, f.take())
	f.isQuiet()
	require.Equal(t, []string{"POST", "PUT", "DELETE"}, f.writes())
}

func TestTurn_ofNOMISThatDoesNotAnswerChangesNothing(t *testing.T) {
	f := newFixture(t)
	f.staffOpen()
	for _, fault := range []string{"error-503", "html-404", "locked"} {
		f.fault(fault, 10)
		_, err := f.Take(t.Context(), pair, turn.Why{})
		require.ErrorIs(t, err, npa.ErrUnavailable, fault)
		f.there(http.MethodDelete, "/faults", nil)
		require.Len(t, f.facts(), 1)
	}
	f.take()
	f.isQuiet()
}

func TestTurn_keepsAProblemUntilItIsGone(t *testing.T) {
	f := newFixture(t)
	f.nomisOpen("2021-07-05")
	f.take()
	f.nomisDelete(1)
	require.Empty(t, f.take())
	living := f.living()
	require.Len(t, living, 1)
	require.Equal(t, string(plan.OnlyHere), living[0].Problem)
	require.Equal(t, store.OnlyHere, living[0].Bucket)
	f.staff(domain.Delete{ID: f.items()[0].ID})
	require.Equal(t, []plan.Action{plan.Release}, f.take())
	f.isQuiet()
}

func TestTurn_deletesOnEvidenceWhoseTimeHasCome(t *testing.T) {
	f := newFixture(t)
	f.nomisOpen("2021-07-05")
	f.take()
	f.nomisDelete(1)
	why := turn.Why{Due: store.DuePair{Pair: pair, Deletions: []store.Deletion{{Sequence: 1, ReceivedAt: time.Now().Add(time.Second)}}}}
	f.now = why.Due.Deletions[0].ReceivedAt.In(f.now.Location())
	result, err := f.Take(t.Context(), pair, why)
	require.NoError(t, err)
	require.Empty(t, result.Done)
	require.Len(t, result.Plan.Waits, 1)
	require.Equal(t, store.Held, f.living()[0].Bucket)

	f.now = f.now.Add(time.Hour)
	result, err = f.Take(t.Context(), pair, why)
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Delete}, actions(result.Done))
	require.True(t, f.items()[0].Deleted)
	facts := f.facts()
	require.Equal(t, "NOMIS", facts[len(facts)-1].Meta.Actor)
	f.isQuiet()
}

func TestTurn_spendsADeletionThatAMergeExplains(t *testing.T) {
	for name, of := range map[string]store.MessageKind{"merge": store.Merged, "moved": store.BookingMoved, "booking": store.BookingDeleted} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.nomisOpen("2021-07-05")
			f.take()
			f.nomisDelete(1)
			at := time.Now().Add(time.Second)
			require.NoError(t, f.store.Ring(t.Context(), at, store.Ring{Pair: pair, Cause: store.Cause{Kind: store.NOMISDeleted, ID: "m"}, Deleted: 1}))
			require.NoError(t, f.store.Remember(t.Context(), store.PrisonerMessage{Prisoner: high, ReceivedAt: at.Add(time.Minute), MessageID: "x", Kind: of}))
			due, err := f.store.Get(t.Context(), pair)
			require.NoError(t, err)
			f.now = at.Add(2 * time.Hour).In(f.now.Location())
			result, err := f.Take(t.Context(), pair, turn.Why{Due: due})
			require.NoError(t, err)
			require.Empty(t, result.Done)
			require.Equal(t, string(plan.OnlyHere), f.living()[0].Problem)
			due, err = f.store.Get(t.Context(), pair)
			require.NoError(t, err)
			require.Empty(t, due.Deletions, "it is spent")
		})
	}
}

func TestDryRun_doesNothing(t *testing.T) {
	f := newFixture(t)
	f.staffOpen()
	result, err := f.Take(t.Context(), pair, turn.Why{DryRun: true})
	require.NoError(t, err)
	require.Empty(t, result.Done)
	require.Equal(t, []plan.Action{plan.Post}, actions(result.Plan.Steps))
	require.Empty(t, f.writes())
	require.Len(t, f.facts(), 1)
	require.Empty(t, f.living())
}

func TestTurn_ofARepeatedCauseIsTheSameCommand(t *testing.T) {
	f := newFixture(t)
	f.nomisOpen("2021-07-05")
	why := turn.Why{Cause: uuid.New()}
	_, err := f.Take(t.Context(), pair, why)
	require.NoError(t, err)
	meta := f.facts()[0].Meta
	require.Equal(t, why.Cause, meta.CorrelationID)
	require.Equal(t, why.Cause, meta.CausationID)
	require.NotEqual(t, why.Cause, meta.CommandID)
}

func TestBrake_stopsEveryTurn(t *testing.T) {
	f := newFixture(t)
	f.staffOpen()
	require.NoError(t, f.store.SetBrake(t.Context(), f.now, "NOMIS looks restored."))
	_, err := f.Take(t.Context(), pair, turn.Why{})
	require.ErrorIs(t, err, turn.ErrBraked)
	_, err = f.Take(t.Context(), pair, turn.Why{DryRun: true})
	require.NoError(t, err)
	require.NoError(t, f.store.ReleaseBrake(t.Context(), store.Release{At: f.now, From: store.FromDPS, Reason: "x", By: "OPERATOR"}))
	require.Equal(t, []plan.Action{plan.Post}, f.take())
}

// Many records get a form back that they had before: NOMIS looks restored.
func TestBrake_isSetBeforeTheTakeThatIsOneTooMany(t *testing.T) {
	f := newFixture(t)
	for n := range 21 {
		sequence := f.nomisOpen(time.Date(2000, 1, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		f.nomisChange(sequence, map[string]any{"expiryDate": "2001-01-01"})
	}
	f.take()
	for n := range 21 {
		f.nomisChange(n+1, map[string]any{"comment": "Second"})
	}
	f.take()
	before := len(f.facts())
	for n := range 21 {
		f.nomisChange(n+1, map[string]any{"comment": "Told"})
	}
	_, err := f.Take(t.Context(), pair, turn.Why{})
	require.ErrorIs(t, err, turn.ErrBraked)
	require.Len(t, f.facts(), before)
	brake, err := f.store.GetBrake(t.Context())
	require.NoError(t, err)
	require.True(t, brake.IsOn())
	require.Contains(t, brake.Why, "21 records")
}

func TestMirrors_thatDisagreeAreReadTwice(t *testing.T) {
	f := newFixture(t)
	f.nomisOpen("2021-07-05")
	f.take()
	require.Zero(t, f.paused)
	f.fault("half-closed", 1)
	f.nomisChange(1, map[string]any{"comment": "Changed"})
	f.take()
	require.Positive(t, f.paused)
	require.Equal(t, store.MirrorsDisagree, f.living()[0].Bucket)
}
