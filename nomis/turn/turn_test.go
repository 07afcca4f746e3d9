package turn_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTurn_writesWhatStaffDidToNOMIS(t *testing.T) {
	f := circle.New(t)
	id := f.StaffOpen()
	require.Equal(t, []plan.Action{plan.Post}, f.TakeTurn())
	require.Equal(t, 1, f.Items()[0].TypeSequence)
	f.IsQuiet()

	f.Staff(domain.Amend{ID: id, Comment: ptr("Other words")})
	require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
	f.IsQuiet()
	f.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
	f.IsQuiet()
	f.Staff(domain.Reopen{ID: id, ReopenReason: "Again"})
	require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
	f.IsQuiet()
	f.Staff(domain.Delete{ID: id})
	require.Equal(t, []plan.Action{plan.Remove}, f.TakeTurn())
	f.IsQuiet()
	require.Equal(t, []string{"POST", "PUT", "PUT", "PUT", "DELETE"}, f.Writes())
	for _, fact := range f.Facts() {
		switch fact.Event.(type) {
		case domain.Delivered, domain.SequenceLearned, domain.SequenceReleased:
			require.Equal(t, "NON_ASSOCIATIONS_API", fact.Meta.Actor)
			require.Equal(t, domain.NOMIS, fact.Meta.Source)
			require.Equal(t, domaintest.Low, fact.Meta.About)
		default:
		}
	}
}

func ptr[T any](value T) *T { return &value }

func TestTurn_takesOverWhatNOMISDid(t *testing.T) {
	f := circle.New(t)
	sequence := f.NOMISOpen("2021-07-05")
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn())
	require.Equal(t, domain.CodeVictim, f.Items()[0].Sides[domaintest.Low].ReasonCode)
	require.Equal(t, "STAFF", f.Items()[0].UpdatedBy)
	f.IsQuiet()
	f.NOMISChange(sequence, map[string]any{"comment": "Changed", "expiryDate": "2026-07-01", "updatedBy": "OTHER"})
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn())
	require.True(t, f.Items()[0].IsClosed("2026-07-15"))
	require.Equal(t, "OTHER", f.Items()[0].UpdatedBy)
	f.IsQuiet()
	require.Empty(t, f.Writes())
}

func TestTurn_ofAnOldOneAndANewOneClosesBeforeItCreates(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.Staff(domain.Close{ID: f.Items()[0].ID, ClosedReason: "Friends"})
	f.StaffOpen()
	require.Equal(t, []plan.Action{plan.Put, plan.Post}, f.TakeTurn())
	f.IsQuiet()
}

// A POST takes no expiry date: the put follows.
func TestTurn_createsAClosedOneWithItsDate(t *testing.T) {
	f := circle.New(t)
	id := f.StaffOpen()
	f.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Equal(t, []plan.Action{plan.Post, plan.Put}, f.TakeTurn())
	f.IsQuiet()
}

// The answer to a write is lost: the next turn finds what is there, and repeats nothing.
// The sync told of a record without a sequence, and staff deleted it before NOMIS showed it.
func TestTurn_releasesADeletedRecordThatNOMISNeverShowed(t *testing.T) {
	f := circle.New(t)
	_, err := f.Commands.Execute(t.Context(), domaintest.NewCause(domain.NOMIS), circle.Pair, domain.Sync{
		About: domaintest.Low, Items: []domain.Item{{
			EffectiveDate: "2021-07-05T00:00:00", DatePrecision: domain.Day, TypeCode: domain.TypeWing,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{domaintest.Low: domain.CodeVictim, domaintest.High: domain.CodePerpetrator},
		}},
	})
	require.NoError(t, err)
	f.Staff(domain.Delete{ID: f.Items()[0].ID})
	require.Equal(t, []plan.Action{plan.Release}, f.TakeTurn())
	f.IsQuiet()
	require.Empty(t, f.Writes())
	f.NOMISOpen("2021-07-05")
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn(), "what NOMIS shows later keeps the pair apart")
	require.Equal(t, []bool{true, false}, []bool{f.Items()[0].Deleted, f.Items()[1].Deleted})
}

func TestTurn_findsWhatALostAnswerLeft(t *testing.T) {
	f := circle.New(t)
	id := f.StaffOpen()
	f.Fault("answer-lost", 1)
	_, err := f.Take(t.Context(), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
	require.Equal(t, []plan.Action{plan.Learn, plan.Confirm}, f.TakeTurn())
	f.IsQuiet()
	require.Equal(t, []string{"POST"}, f.Writes())

	f.Staff(domain.Amend{ID: id, Comment: ptr("Other words")})
	f.Fault("answer-lost", 1)
	_, err = f.Take(t.Context(), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
	require.Equal(t, []plan.Action{plan.Confirm}, f.TakeTurn())
	f.IsQuiet()

	f.Staff(domain.Delete{ID: id})
	f.Fault("answer-lost", 1)
	_, err = f.Take(t.Context(), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
	require.Equal(t, []plan.Action{plan.Release}, f.TakeTurn())
	f.IsQuiet()
	require.Equal(t, []string{"POST", "PUT", "DELETE"}, f.Writes())
}

func TestTurn_ofNOMISThatDoesNotAnswerChangesNothing(t *testing.T) {
	f := circle.New(t)
	f.StaffOpen()
	for _, fault := range []string{"error-503", "html-404", "locked"} {
		f.Fault(fault, 10)
		_, err := f.Take(t.Context(), circle.Pair, turn.Why{})
		require.ErrorIs(t, err, npa.ErrUnavailable, fault)
		f.There(http.MethodDelete, "/faults", nil)
		require.Len(t, f.Facts(), 1)
	}
	f.TakeTurn()
	f.IsQuiet()
}

func TestTurn_keepsAProblemUntilItIsGone(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.NOMISDelete(1)
	require.Empty(t, f.TakeTurn())
	living := f.Living()
	require.Len(t, living, 1)
	require.Equal(t, string(plan.OnlyHere), living[0].Problem)
	require.Equal(t, store.OnlyHere, living[0].Bucket)
	f.Staff(domain.Delete{ID: f.Items()[0].ID})
	require.Equal(t, []plan.Action{plan.Release}, f.TakeTurn())
	f.IsQuiet()
}

func TestTurn_deletesOnEvidenceWhoseTimeHasCome(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.NOMISDelete(1)
	why := turn.Why{Due: store.DuePair{Pair: circle.Pair, Deletions: []store.Deletion{{Sequence: 1, ReceivedAt: time.Now().Add(time.Second)}}}}
	f.Now = why.Due.Deletions[0].ReceivedAt.In(f.Now.Location())
	result, err := f.Take(t.Context(), circle.Pair, why)
	require.NoError(t, err)
	require.Empty(t, result.Done)
	require.Len(t, result.Plan.Waits, 1)
	require.Equal(t, store.Held, f.Living()[0].Bucket)

	f.Now = f.Now.Add(time.Hour)
	result, err = f.Take(t.Context(), circle.Pair, why)
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Delete}, circle.Actions(result.Done))
	require.True(t, f.Items()[0].Deleted)
	facts := f.Facts()
	require.Equal(t, "NOMIS", facts[len(facts)-1].Meta.Actor)
	f.IsQuiet()
}

func TestTurn_spendsADeletionThatAMergeExplains(t *testing.T) {
	for name, of := range map[string]store.MessageKind{"merge": store.Merged, "moved": store.BookingMoved, "booking": store.BookingDeleted} {
		t.Run(name, func(t *testing.T) {
			f := circle.New(t)
			f.NOMISOpen("2021-07-05")
			f.TakeTurn()
			f.NOMISDelete(1)
			at := time.Now().Add(time.Second)
			require.NoError(t, f.Store.Ring(t.Context(), at, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.NOMISDeleted, ID: "m"}, Deleted: 1}))
			require.NoError(t, f.Store.Remember(t.Context(), store.PrisonerMessage{Prisoner: domaintest.High, ReceivedAt: at.Add(time.Minute), MessageID: "x", Kind: of}))
			due, err := f.Store.Get(t.Context(), circle.Pair)
			require.NoError(t, err)
			f.Now = at.Add(2 * time.Hour).In(f.Now.Location())
			result, err := f.Take(t.Context(), circle.Pair, turn.Why{Due: due})
			require.NoError(t, err)
			require.Empty(t, result.Done)
			require.Equal(t, string(plan.OnlyHere), f.Living()[0].Problem)
			due, err = f.Store.Get(t.Context(), circle.Pair)
			require.NoError(t, err)
			require.Empty(t, due.Deletions, "it is spent")
		})
	}
}

func TestDryRun_doesNothing(t *testing.T) {
	f := circle.New(t)
	f.StaffOpen()
	result, err := f.Take(t.Context(), circle.Pair, turn.Why{DryRun: true})
	require.NoError(t, err)
	require.Empty(t, result.Done)
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(result.Plan.Steps))
	require.Empty(t, f.Writes())
	require.Len(t, f.Facts(), 1)
	require.Empty(t, f.Living())
}

func TestTurn_ofARepeatedCauseIsTheSameCommand(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	why := turn.Why{Cause: uuid.New()}
	_, err := f.Take(t.Context(), circle.Pair, why)
	require.NoError(t, err)
	meta := f.Facts()[0].Meta
	require.Equal(t, why.Cause, meta.CorrelationID)
	require.Equal(t, why.Cause, meta.CausationID)
	require.NotEqual(t, why.Cause, meta.CommandID)
}

func TestBrake_stopsEveryTurn(t *testing.T) {
	f := circle.New(t)
	f.StaffOpen()
	require.NoError(t, f.Store.SetBrake(t.Context(), f.Now, "NOMIS looks restored."))
	_, err := f.Take(t.Context(), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, turn.ErrBraked)
	_, err = f.Take(t.Context(), circle.Pair, turn.Why{DryRun: true})
	require.NoError(t, err)
	require.NoError(t, f.Store.ReleaseBrake(t.Context(), store.Release{At: f.Now, From: store.FromDPS, Reason: "x", By: "OPERATOR"}))
	require.Equal(t, []plan.Action{plan.Post}, f.TakeTurn())
}

// Many records get a form back that they had before: NOMIS looks restored.
func TestBrake_isSetBeforeTheTakeThatIsOneTooMany(t *testing.T) {
	f := circle.New(t)
	for n := range 21 {
		sequence := f.NOMISOpen(time.Date(2000, 1, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		f.NOMISChange(sequence, map[string]any{"expiryDate": "2001-01-01"})
	}
	f.TakeTurn()
	for n := range 21 {
		f.NOMISChange(n+1, map[string]any{"comment": "Second"})
	}
	f.TakeTurn()
	before := len(f.Facts())
	for n := range 21 {
		f.NOMISChange(n+1, map[string]any{"comment": "Told"})
	}
	_, err := f.Take(t.Context(), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, turn.ErrBraked)
	require.Len(t, f.Facts(), before)
	brake, err := f.Store.GetBrake(t.Context())
	require.NoError(t, err)
	require.True(t, brake.IsOn())
	require.Contains(t, brake.Why, "21 records")
}

func TestMirrors_thatDisagreeAreReadTwice(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	require.Zero(t, f.Paused)
	f.Fault("half-closed", 1)
	f.NOMISChange(1, map[string]any{"comment": "Changed"})
	f.TakeTurn()
	require.Positive(t, f.Paused)
	require.Equal(t, store.MirrorsDisagree, f.Living()[0].Bucket)
}
