package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

func TestWhereabouts_areAskedAnew(t *testing.T) {
	h := newDocumented(t)
	numbers := []domain.PrisonerNumber{"A9109UD", "A3333AA", "A4444AA", "A5555AA", "A6666AA", "A7777AA", h.nobody()}
	h.finds(numbers...)
	for range 2 {
		asked := h.search.Asked()
		at, err := h.directory.Whereabouts(t.Context(), numbers)
		require.NoError(t, err)
		require.Equal(t, map[domain.PrisonerNumber]domain.Whereabouts{
			"A9109UD": {Prison: "XAA"}, "A3333AA": {Prison: "XAB"}, "A4444AA": {Prison: domain.InTransfer}, "A5555AA": {Prison: domain.Outside},
			"A6666AA": {Prison: domain.Outside, RestrictedPatient: true, SupportingPrison: "XAA"}, "A7777AA": {},
		}, at)
		require.Equal(t, asked+1, h.search.Asked(), "whatever is cached")
	}
	h.search.LeaveOut("restrictedPatient", "prisonId")
	at, err := h.directory.Whereabouts(t.Context(), numbers[:5])
	require.NoError(t, err)
	for _, w := range at {
		require.Empty(t, w.Prison)
		require.False(t, w.RestrictedPatient)
	}
	h.search.Refuse(403)
	at, err = h.directory.Whereabouts(t.Context(), numbers)
	require.ErrorIs(t, err, directory.ErrUnavailable)
	require.Empty(t, at, "part of an answer gives no right")
}
