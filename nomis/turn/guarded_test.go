package turn_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// A turn that loses the lock of its pair between two steps leaves the rest to the next.
func TestTurn_beginsNoStepWithoutItsLock(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.Staff(domain.Close{ID: f.Items()[0].ID, ClosedReason: "Friends"})
	f.StaffOpen()
	asked := 0
	result, err := f.Take(t.Context(), circle.Pair, turn.Why{Confirm: func(context.Context) error {
		if asked++; asked > 1 {
			return store.ErrLocksLost
		}
		return nil
	}})
	require.ErrorIs(t, err, store.ErrLocksLost)
	require.Equal(t, []plan.Action{plan.Put}, circle.Actions(result.Done))
	require.Equal(t, []string{"PUT"}, f.Writes())
	require.Equal(t, []plan.Action{plan.Post}, f.TakeTurn())
	f.IsQuiet()
}

// forgetful is a record that confirms what it does not append.
type forgetful struct{ turn.Record }

func (forgetful) ExecutePlanned(context.Context, domain.Cause, domain.Pair, domain.Command, int64) (commands.Executed, error) {
	return commands.Executed{}, nil
}

func TestTurn_whoseStepChangesNothingEndsAsAProblem(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	record := f.Record
	f.Record = forgetful{record}
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn(), "once and not again")
	require.Contains(t, f.Logs.String(), "no progress")
	var problems []string
	for _, d := range f.Living() {
		problems = append(problems, d.Problem)
	}
	require.Contains(t, problems, string(plan.NoProgress))

	f.Record = record
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn())
	f.IsQuiet()
}

var errNotNow = errors.New("not now")

// asked is a record that appends nothing and keeps the ids of the commands.
type asked struct {
	turn.Record

	ids []uuid.UUID
}

func (a *asked) ExecutePlanned(_ context.Context, by domain.Cause, _ domain.Pair, _ domain.Command, _ int64) (commands.Executed, error) {
	a.ids = append(a.ids, by.CommandID)
	return commands.Executed{}, errNotNow
}

// A message that comes again asks for the very same command, and nobody can guess the id
// of one that no message asked for.
func TestTurn_commandIDsDependOnTheCauseAlone(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	record := &asked{Record: f.Record}
	f.Record = record
	message := uuid.New()
	for _, cause := range []uuid.UUID{message, message, uuid.New(), uuid.Nil, uuid.Nil} {
		_, err := f.Take(t.Context(), circle.Pair, turn.Why{Cause: cause})
		require.ErrorIs(t, err, errNotNow)
	}
	require.Equal(t, record.ids[0], record.ids[1])
	distinct := map[uuid.UUID]bool{}
	for _, id := range record.ids {
		distinct[id] = true
	}
	require.Len(t, distinct, 4)
}
