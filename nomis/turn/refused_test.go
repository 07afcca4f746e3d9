package turn_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/turn"
)

// refusing is a NOMIS that takes no new record.
type refusing struct{ turn.NOMIS }

func (refusing) Create(context.Context, domain.Pair, domain.Detail) (int, error) {
	return 0, &npa.Failure{Kind: npa.ErrRefused, Status: 400, Words: "Comment is wrong"}
}

// A refusal is one difference, and what NOMIS said is kept for as long as that stands.
func TestRefusal_isOneDifferenceThatKeepsItsWords(t *testing.T) {
	f := circle.New(t)
	f.StaffOpen()
	f.Turns.NOMIS = refusing{f.Turns.NOMIS}
	for range 3 {
		require.Empty(t, f.TakeTurn())
		living := f.Living()
		require.Len(t, living, 1)
		require.Equal(t, string(plan.Refused), living[0].Problem)
		require.Equal(t, "Comment is wrong", living[0].Words)
		require.Contains(t, living[0].Why, "Comment is wrong")
	}
}

// A person asks for the turn: what NOMIS refused is sent once more, and not again by itself.
func TestRefusal_isSentOnceMoreWhenAPersonAsks(t *testing.T) {
	f := circle.New(t)
	f.StaffOpen()
	takes := f.Turns.NOMIS
	refuses := &counting{NOMIS: refusing{takes}}
	f.Turns.NOMIS = refuses
	asks := func(dryRun bool) turn.Result {
		result, err := f.Take(t.Context(), circle.Pair, turn.Why{Asked: true, DryRun: dryRun})
		require.NoError(t, err)
		return result
	}
	f.TakeTurn()
	f.TakeTurn()
	require.Equal(t, 1, refuses.tries)
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(asks(true).Plan.Steps))
	require.Equal(t, 1, refuses.tries)
	result := asks(false)
	require.Empty(t, result.Done)
	require.Equal(t, plan.Refused, result.Plan.Problems[0].Kind)
	require.Equal(t, 2, refuses.tries)
	require.Equal(t, "Comment is wrong", f.Living()[0].Words)
	f.TakeTurn()
	require.Equal(t, 2, refuses.tries)

	f.Turns.NOMIS = takes
	require.Empty(t, f.TakeTurn())
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(asks(false).Done))
	f.IsQuiet()
}

// counting counts the records that are sent.
type counting struct {
	turn.NOMIS

	tries int
}

func (c *counting) Create(ctx context.Context, pair domain.Pair, d domain.Detail) (int, error) {
	c.tries++
	return c.NOMIS.Create(ctx, pair, d)
}

// leaving is a NOMIS that knows the prisoners for one read.
type leaving struct {
	turn.NOMIS

	reads int
}

func (l *leaving) Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error) {
	if l.reads++; l.reads > 1 {
		return mirror.Rows{}, &npa.Failure{Kind: npa.ErrPrisonerUnknown, Status: 404}
	}
	return l.NOMIS.Rows(ctx, pair)
}

func TestResult_isOfTheLastRead(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.Turns.NOMIS = &leaving{NOMIS: f.Turns.NOMIS}
	result, err := f.Take(t.Context(), circle.Pair, turn.Why{})
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Take}, circle.Actions(result.Done))
	require.NotEmpty(t, result.Unknown)
	require.Empty(t, result.Theirs)
	require.Empty(t, result.Rows)
}
