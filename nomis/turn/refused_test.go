package turn_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
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
