package app_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/web/client"
)

// TestCaseloads_ofATokenBindItsWrites goes from the signed claim to the refusal, through
// a whole process.
func TestCaseloads_ofATokenBindItsWrites(t *testing.T) {
	e, err := estate.New(estate.Options{Prisoners: 100})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), prisonersearch.WithExamples(e))
	require.NoError(t, err)
	claims := officer
	claims.Caseloads = []string{"XAA"}
	r := runWith(t, app.Embedded, migrated(t), search.URL(), claims)
	<-r.ready
	defer func() {
		r.stop()
		require.NoError(t, <-r.ended)
		require.NoError(t, search.Stop())
	}()
	c := client.New(client.Options{BaseURL: r.base, Token: client.StaticToken(r.token), HTTP: r.client})
	open := func(one, other domain.PrisonerNumber) (client.Response[client.StaffNonAssociation], error) {
		return c.Open(t.Context(), client.Write{}, client.NewNonAssociation{
			FirstPrisonerNumber: one, FirstPrisonerRole: domain.Perpetrator, SecondPrisonerNumber: other, SecondPrisonerRole: domain.Victim,
			Reason: domain.Threat, RestrictionType: domain.Landing, Comment: "They keep fighting",
		})
	}
	refused := func(err error, status int) {
		t.Helper()
		var answer *client.Error
		require.ErrorAs(t, err, &answer)
		require.Equal(t, status, answer.Status)
		require.Nil(t, answer.ErrorCode)
	}

	_, err = open("A3333AA", "A5555AA")
	refused(err, http.StatusForbidden)
	opened, err := open("A3333AA", "A9109UD")
	require.NoError(t, err)
	comment := "Changed"
	search.Refuse(http.StatusForbidden)
	amend := func() error {
		_, err := c.Amend(t.Context(), opened.Body.ID.String(), client.Write{}, client.Amendment{Comment: &comment})
		return err
	}
	refused(amend(), http.StatusServiceUnavailable)
	search.Refuse(0)
	require.NoError(t, amend())
}
