package app_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/client"
)

// TestLongList_walksTheWholeWay: from a real read model, through the process's own
// server, to a client that follows it by its entity tag.
func TestLongList_walksTheWholeWay(t *testing.T) {
	t.Parallel()
	s := serveStaff(t)
	const parts, part = 12, 99 // more records than are answered from memory
	var position uint64
	for i := range parts {
		said := client.SyncRequest{PrisonerNumber: s.first.Number}
		for j := range part {
			other := domain.PrisonerNumber(fmt.Sprintf("Z%02d%02dZZ", i, j))
			said.NonAssociations = append(said.NonAssociations, client.SyncItem{NonAssociation: client.NonAssociation{
				ReasonCode: domain.CodeVictim, TypeCode: domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17",
				PrisonerNonAssociation: client.Side{PrisonerNumber: other, ReasonCode: domain.CodePerpetrator},
			}})
		}
		told, err := s.Sync(t.Context(), client.Correlation{}, said)
		require.NoError(t, err)
		position = told.Body.Position
	}
	group := []domain.PrisonerNumber{s.first.Number}
	ask := client.InvolvingParams{Read: client.Read{AtLeast: position}}
	list, err := s.Involving(t.Context(), ask, group)
	require.NoError(t, err)
	require.Len(t, list.Body, parts*part)
	require.GreaterOrEqual(t, list.Position, position)
	seen := map[domain.PrisonerNumber]bool{}
	for _, one := range list.Body {
		seen[one.SecondPrisonerNumber] = true
	}
	require.Len(t, seen, parts*part)

	ask.IfNoneMatch = list.ETag
	held, err := s.Involving(t.Context(), ask, group)
	require.NoError(t, err)
	require.True(t, held.NotModified)
	for range 10 { // far more than there are connections
		again, err := s.Involving(t.Context(), client.InvolvingParams{}, group)
		require.NoError(t, err)
		require.Equal(t, list.ETag, again.ETag)
	}
}
